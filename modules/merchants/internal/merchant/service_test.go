package merchant_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/platform/callctx"
	"app/platform/events"
	"app/platform/fault"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Café  Ünïque & Söhne")
		if v.Slug != "cafe-unique-sohne" || v.Role != merchantsv1.Role_ROLE_OWNER || v.Status != merchant.Approved {
			t.Errorf("got %+v", v)
		}
		if second := s.Open("usr_bob", "Cafe Unique Sohne"); second.Slug == v.Slug || len(second.Slug) < len(v.Slug) {
			t.Errorf("the second one of this name got %q", second.Slug)
		}
		_, err := s.Merchants.Open(as("usr_bob"), merchant.Draft{Name: "x", Slug: v.Slug})
		if fault.ReasonOf(err) != "slug_taken" {
			t.Errorf("a taken slug: %v", err)
		}
		for _, slug := range []string{"ab", "-abc", "abc-", "a--b", "Abc", "äbc", "a b", "a/b"} {
			if _, err := s.Merchants.Open(as("usr_bob"), merchant.Draft{Name: "x", Slug: slug}); fault.CodeOf(err) != fault.InvalidArgument {
				t.Errorf("slug %q: %v", slug, err)
			}
		}
		want := []string{events.TypeOf(&merchantsevents.MerchantApproved{}), events.TypeOf(&merchantsevents.MerchantApproved{})}
		if diff := cmp.Diff(want, s.Emitted()); diff != "" {
			t.Errorf("events (-want +got)\n%s", diff)
		}
	})
}

func TestOpenTwiceWithOneKeyIsOneMerchant(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		ctx := callctx.WithIdempotency(as("usr_ada"), callctx.Idempotency{Key: "k", At: time.Unix(1, 0)})
		first, err := s.Merchants.Open(ctx, merchant.Draft{Name: "Lamps"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Merchants.Open(ctx, merchant.Draft{Name: "Lamps"})
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%v (-first +again)\n%s", err, diff)
		}
		if got := s.Emitted(); len(got) != 1 {
			t.Errorf("events %v", got)
		}
	})
}

// Emails writes to the owner and calls nobody, so the event has to carry who that is.
func TestMerchantApprovedCarriesTheOwner(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		got := &merchantsevents.MerchantApproved{}
		s.ReadEvent(got, `SELECT payload FROM events_outbox`)
		want := &merchantsevents.MerchantApproved{
			MerchantId: v.ID, Name: "Lamps", Slug: "lamps", OwnerId: "usr_ada", OwnerEmail: "usr_ada@example.com", OwnerFirstName: "Ada",
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("event (-want +got)\n%s", diff)
		}
	})
}

func TestPendingUntilApproved(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		s.Merchants.AutoApprove = false
		v := s.Open("usr_ada", "Lamps")
		if _, err := s.Merchants.ByID(as("usr_bob"), v.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("a stranger sees a pending merchant: %v", err)
		}
		if got := s.Emitted(); len(got) != 0 {
			t.Errorf("events before the approval: %v", got)
		}
		for range 2 {
			if approved, err := s.Merchants.Approve(as("usr_admin"), v.ID); err != nil || approved.Status != merchant.Approved {
				t.Fatalf("%+v, %v", approved, err)
			}
		}
		if got := s.Emitted(); len(got) != 1 {
			t.Errorf("events after two approvals: %v", got)
		}
		if _, err := s.Merchants.ByID(as("usr_bob"), v.ID); err != nil {
			t.Errorf("a stranger does not see an approved merchant: %v", err)
		}
		if _, err := s.Merchants.Approve(as("usr_admin"), "mrc_none"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("approving nothing: %v", err)
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v, name := s.Open("usr_ada", "Lamps"), "Lanterns"
		got, err := s.Merchants.Update(as("usr_ada"), v.ID, merchant.Change{Name: &name, Match: func(int64) error { return nil }})
		if err != nil || got.Name != name || got.Slug != v.Slug || got.Version != v.Version+1 {
			t.Errorf("%+v, %v", got, err)
		}
		stale := fault.New(fault.VersionMismatch, "version_mismatch", "")
		_, err = s.Merchants.Update(as("usr_ada"), v.ID, merchant.Change{Name: &name, Match: func(current int64) error {
			if current != v.Version {
				return stale
			}
			return nil
		}})
		if fault.CodeOf(err) != fault.VersionMismatch {
			t.Errorf("a stale change: %v", err)
		}
	})
}

func TestFault26_MerchantsAreCalledWhatIsSeen(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		for _, bad := range []string{"\u200b\u200b", "Pay\u200bPal", "\u202elaPyaP", "a\u2066b", "\u2800", "\u3164", "a\u00adb", "P\u034fay", "a\u2028b", "\u3000"} {
			if _, err := s.Merchants.Open(as("usr_ada"), merchant.Draft{Name: bad}); fault.CodeOf(err) != fault.InvalidArgument {
				t.Errorf("a merchant called %+q: %v", bad, err)
			}
			if _, err := s.Merchants.Open(as("usr_ada"), merchant.Draft{Name: "Lamps", Description: "a\u200b" + bad}); fault.CodeOf(err) != fault.InvalidArgument {
				t.Errorf("a merchant described as %+q: %v", bad, err)
			}
		}
		for _, name := range []string{"کتاب\u200cها", "山田\u3000商店", "Crème & Söhne ☕"} {
			if v := s.Open("usr_ada", " "+name); v.Name != name {
				t.Errorf("%+q is called %+q", name, v.Name)
			}
		}
	})
}

// An owner is found among any number of members.
func TestApprove_ManyMembers(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		s.Merchants.AutoApprove = false
		v := s.Open("usr_zoe", "Lamps")
		for n := range 101 {
			s.Exec(`INSERT INTO merchants_members (merchant_id, user_id, role, created_at) VALUES (?, ?, 1, 0)`, v.ID, fmt.Sprintf("usr_%03d", n))
		}
		if _, err := s.Merchants.Approve(as("usr_admin"), v.ID); err != nil {
			t.Fatal(err)
		}
		told := &merchantsevents.MerchantApproved{}
		s.ReadEvent(told, `SELECT payload FROM events_outbox`)
		if told.GetOwnerId() != "usr_zoe" {
			t.Errorf("%s is told", told.GetOwnerId())
		}
	})
}

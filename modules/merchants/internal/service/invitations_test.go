package service_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/merchants/internal/service"
	"app/modules/merchants/merchantsv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
)

// clocked makes a service whose clock the test moves.
func clocked(db *database.DB) (*service.Service, func(time.Duration)) {
	s := newService(db, true)
	now := s.Now()
	s.Now = func() time.Time { return now }
	return s, func(d time.Duration) { now = now.Add(d) }
}

// atOnce runs the same work 16 times at the same moment and counts how often it
// succeeded. Every other outcome has the reason.
func atOnce(t *testing.T, reason string, work func(n int) error) (done int32) {
	t.Helper()
	var ok atomic.Int32
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			switch err := work(n); {
			case err == nil:
				ok.Add(1)
			case fault.ReasonOf(err) != reason:
				t.Errorf("%d: %v, want %s", n, err, reason)
			}
		})
	}
	all.Wait()
	return ok.Load()
}

func TestFault07_MembersAgree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s, pass := clocked(db)
		v := open(t, s, "usr_ada", "Lamps")
		role := func(user string) merchantsv1.Role {
			t.Helper()
			reply, err := s.Member(context.Background(), &merchantsv1.MemberRequest{MerchantId: v.ID, UserId: user})
			if err != nil {
				t.Fatal(err)
			}
			return reply.GetRole()
		}
		offer := service.Offer{Email: " Bob@Example.com ", Role: merchantsv1.Role_ROLE_MANAGER}
		i, err := s.Invite(as("usr_ada"), v.ID, offer)
		if err != nil {
			t.Fatal(err)
		}
		l := letter(t, db, i.ID)
		if l.GetEmail() != "Bob@Example.com" || l.GetMerchantName() != "Lamps" || l.GetRole() != "manager" || !l.GetExpiresAt().AsTime().Equal(i.ExpiresAt) ||
			l.GetLink() != "https://shop.example/v1/invitations/letter#"+l.GetCode() || !strings.HasPrefix(l.GetCode(), i.ID+"-") {
			t.Errorf("the letter has %v", l)
		}
		list, err := s.Members(as("usr_ada"), v.ID, "", 10)
		if err != nil || len(list) != 2 || list[0].Invitation.Email != "Bob@Example.com" || role("usr_bob") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("invited: %+v, %v", list, err)
		}
		for what, try := range map[string]error{
			"another token":   accept(as("usr_bob"), s, i.ID, "guess"),
			"no token":        accept(as("usr_bob"), s, i.ID, ""),
			"no invitation":   accept(as("usr_bob"), s, "inv_x", token(l)),
			"declined, token": s.Decline(context.Background(), i.ID, "guess"),
		} {
			if fault.ReasonOf(try) != "invitation_not_found" {
				t.Errorf("%s: %v", what, try)
			}
		}
		if err := accept(context.Background(), s, i.ID, token(l)); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("nobody accepts: %v", err)
		}
		for range 2 { // a repetition changes nothing
			if err := accept(as("usr_bob"), s, i.ID, token(l)); err != nil || role("usr_bob") != merchantsv1.Role_ROLE_MANAGER {
				t.Errorf("%v, %s", err, role("usr_bob"))
			}
		}
		if err := accept(as("usr_eve"), s, i.ID, token(l)); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("a token is used twice: %v", err)
		}
		if list, err := s.Members(as("usr_bob"), v.ID, "", 10); err != nil || len(list) != 2 || list[0].Invitation.ID != "" {
			t.Errorf("a manager sees %+v, %v", list, err)
		}
		again, err := s.Invite(as("usr_ada"), v.ID, service.Offer{Email: offer.Email, Role: merchantsv1.Role_ROLE_OWNER})
		if err != nil { // to a member, which is not told
			t.Fatal(err)
		}
		if err := accept(as("usr_bob"), s, again.ID, token(letter(t, db, again.ID))); err != nil || role("usr_bob") != merchantsv1.Role_ROLE_MANAGER {
			t.Errorf("a member accepts: %v, %s", err, role("usr_bob"))
		}
		if _, err := s.Remove(as("usr_bob"), v.ID, service.Me); err != nil {
			t.Fatal(err)
		}
		if err := accept(as("usr_bob"), s, i.ID, token(l)); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("an old token brings a member back: %v", err)
		}
		late, err := s.Invite(as("usr_ada"), v.ID, offer)
		if err != nil {
			t.Fatal(err)
		}
		pass(7 * 24 * time.Hour)
		if err := accept(as("usr_bob"), s, late.ID, token(letter(t, db, late.ID))); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("after its end: %v", err)
		}
		if list, err := s.Members(as("usr_ada"), v.ID, "", 10); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func accept(ctx context.Context, s *service.Service, id, token string) error {
	_, err := s.Accept(ctx, id, token)
	return err
}

// An invitation that has been taken back, replaced or declined, or whose sender is an
// owner no longer, opens nothing.
func TestFault07_InvitationsThatAreOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v, other := open(t, s, "usr_ada", "Lamps"), open(t, s, "usr_eve", "Spices")
		join(t, s, "usr_ada", v.ID, "usr_cleo", merchantsv1.Role_ROLE_OWNER)
		invite := func(owner, email string) (id, secret string) {
			t.Helper()
			i, err := s.Invite(as(owner), v.ID, service.Offer{Email: email, Role: merchantsv1.Role_ROLE_OWNER})
			if err != nil {
				t.Fatal(err)
			}
			return i.ID, token(letter(t, db, i.ID))
		}
		for name, end := range map[string]func(id, secret string) error{
			"Withdrawn": func(id, _ string) error {
				if err := s.Withdraw(as("usr_eve"), other.ID, id); fault.ReasonOf(err) != "invitation_not_found" {
					t.Errorf("another merchant's owner withdraws: %v", err)
				}
				return s.Withdraw(as("usr_cleo"), v.ID, id)
			},
			"Declined": func(id, secret string) error { return s.Decline(context.Background(), id, secret) },
			"Replaced": func(string, string) error {
				_, err := s.Invite(as("usr_cleo"), v.ID, service.Offer{Email: "REPLACED@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
				return err
			},
		} {
			id, secret := invite("usr_ada", name+"@example.com")
			if err := end(id, secret); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := accept(as("usr_bob"), s, id, secret); fault.ReasonOf(err) != "invitation_not_found" {
				t.Errorf("%s: %v", name, err)
			}
			if err := s.Withdraw(as("usr_ada"), v.ID, id); fault.ReasonOf(err) != "invitation_not_found" {
				t.Errorf("%s is withdrawn: %v", name, err)
			}
		}
		id, secret := invite("usr_cleo", "friend@example.com")
		if _, err := s.SetRole(as("usr_ada"), v.ID, "usr_cleo", merchantsv1.Role_ROLE_MANAGER); err != nil {
			t.Fatal(err)
		}
		if err := accept(as("usr_bob"), s, id, secret); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("an invitation of somebody who was an owner: %v", err)
		}
	})
}

// A repetition with the same idempotency key is one invitation and one e-mail.
func TestFault07_InviteTwiceWithOneKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Lamps")
		ctx := callctx.WithIdempotency(as("usr_ada"), callctx.Idempotency{Key: "k", At: time.Unix(1, 0)})
		offer := service.Offer{Email: "bob@example.com", Role: merchantsv1.Role_ROLE_VIEWER}
		first, err := s.Invite(ctx, v.ID, offer)
		again, err2 := s.Invite(ctx, v.ID, offer)
		if err != nil || err2 != nil || first != again || len(emitted(t, db)) != 2 {
			t.Errorf("%+v, %v, then %+v, %v: %v", first, err, again, err2, emitted(t, db))
		}
	})
}

// Before somebody has looked at a merchant its name goes to nobody.
func TestFault01_PendingMerchantsWriteToNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, false)
		v := open(t, s, "usr_ada", "PayPal Security")
		_, invite := s.Invite(as("usr_ada"), v.ID, service.Offer{Email: "victim@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
		_, key, send := s.CreateKey(as("usr_ada"), v.ID, service.KeyDraft{Name: "k", Scopes: []string{"orders:read", "emails:send"}})
		for what, err := range map[string]error{"invite": invite, "key": send} {
			if fault.ReasonOf(err) != "merchant_pending" || key != "" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, _, err := s.CreateKey(as("usr_ada"), v.ID, service.KeyDraft{Name: "k", Scopes: []string{"catalog:write"}}); err != nil {
			t.Errorf("a key that reaches nobody: %v", err)
		}
		if got := emitted(t, db); len(got) != 0 {
			t.Errorf("told %v", got)
		}
		if _, err := s.Approve(as("usr_admin"), v.ID); err != nil {
			t.Fatal(err)
		}
		join(t, s, "usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_VIEWER)
		if _, _, err := s.CreateKey(as("usr_ada"), v.ID, service.KeyDraft{Name: "k", Scopes: []string{"emails:send"}}); err != nil {
			t.Error(err)
		}
	})
}

// The limits hold when 16 requests come at once, and count nothing of what they refuse.
func TestFault01_LimitsHoldAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		s.Limits = service.Limits{Merchants: 4, Pending: 2, InvitationsDay: 5, InvitationsPending: 3, InvitationLife: time.Hour}
		pending := *s
		pending.AutoApprove = false
		opened := atOnce(t, "too_many_merchants", func(n int) error {
			_, err := pending.Open(as("usr_ada"), service.Draft{Name: fmt.Sprint("Pending ", n)})
			return err
		})
		more := atOnce(t, "too_many_merchants", func(n int) error {
			_, err := s.Open(as("usr_ada"), service.Draft{Name: fmt.Sprint("Lamps ", n)})
			return err
		})
		if opened != 2 || more != 2 { // four in all
			t.Errorf("%d pending, then %d", opened, more)
		}
		if n := atOnce(t, "too_many_merchants", func(n int) error {
			_, err := s.Open(as("usr_bob"), service.Draft{Name: fmt.Sprint("Spices ", n)})
			return err
		}); n != 4 {
			t.Errorf("%d approved", n)
		}
		mine, err := s.Mine(as("usr_bob"), "", 10)
		if err != nil || len(mine) != 4 {
			t.Fatal(mine, err)
		}
		invite := func(merchant, email string) error {
			_, err := s.Invite(as("usr_bob"), merchant, service.Offer{Email: email, Role: merchantsv1.Role_ROLE_VIEWER})
			return err
		}
		waiting := atOnce(t, "too_many_invitations", func(n int) error { return invite(mine[0].ID, fmt.Sprintf("a%d@example.com", n)) })
		rest := atOnce(t, "too_many_invitations", func(n int) error { return invite(mine[1].ID, fmt.Sprintf("b%d@example.com", n)) })
		if waiting != 3 || rest != 2 { // three wait for one merchant; the account has two more of its five a day
			t.Errorf("%d, then %d invitations", waiting, rest)
		}
	})
}

// However many answer one invitation at once, one of them gets it.
func TestFault07_OneTokenOneMember(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Lamps")
		i, err := s.Invite(as("usr_ada"), v.ID, service.Offer{Email: "bob@example.com", Role: merchantsv1.Role_ROLE_OWNER})
		if err != nil {
			t.Fatal(err)
		}
		secret := token(letter(t, db, i.ID))
		if n := atOnce(t, "invitation_not_found", func(n int) error { return accept(as(fmt.Sprint("usr_", n)), s, i.ID, secret) }); n != 1 {
			t.Errorf("%d members", n)
		}
	})
}

// Sixteen owners leave at once, and one stays.
func TestFault07_TheLastOwnerStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_0", "Lamps")
		for n := 1; n < 16; n++ {
			join(t, s, "usr_0", v.ID, fmt.Sprint("usr_", n), merchantsv1.Role_ROLE_OWNER)
		}
		left := atOnce(t, "last_owner", func(n int) error {
			_, err := s.Remove(as(fmt.Sprint("usr_", n)), v.ID, service.Me)
			return err
		})
		if left != 15 {
			t.Errorf("%d left", left)
		}
	})
}

// Whoever goes leaves the keys that they made, and is told which.
func TestFault32_RemovalListsKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Lamps")
		join(t, s, "usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
		left, err := s.Remove(as("usr_ada"), v.ID, "usr_bob")
		if err != nil || len(left) != 1 || left[0].GetId() != "key_by_bob" {
			t.Errorf("left %v, %v", left, err)
		}
		keys, err := s.Keys(as("usr_ada"), v.ID)
		if err != nil || len(keys) != 2 || !keys[0].MakerIsMember || keys[1].MakerIsMember {
			t.Errorf("%+v, %v", keys, err)
		}
	})
}

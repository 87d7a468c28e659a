package service_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/merchants/internal/service"
	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/merchants/migrations"
	"app/modules/users/usersv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
)

// users is a users module that knows everybody whose id or address begins with "usr_"
// or holds an "@".
type users struct{}

func (users) Find(_ context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error) {
	id := req.GetId()
	if req.GetEmail() != "" {
		id = "usr_" + req.GetEmail()
	}
	if id == "usr_nobody" || id == "usr_nobody@example.com" {
		return nil, &fault.CallError{Module: "users", Method: "Find", Code: fault.NotFound}
	}
	return &usersv1.FindResponse{User: &usersv1.User{Id: id, Email: id + "@example.com", FirstName: "Ada"}}, nil
}

// CreateAPIKey makes keys unless they are to have no scope.
func (users) CreateAPIKey(_ context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error) {
	if len(req.GetScopes()) == 0 {
		return nil, &fault.CallError{Module: "users", Code: fault.InvalidArgument, Fields: []fault.Field{{Pointer: "/scopes", Detail: "none"}}}
	}
	if req.GetName() == "one too many" {
		return nil, &fault.CallError{Module: "users", Code: fault.ResourceExhausted, Reason: "too_many_api_keys"}
	}
	if req.GetExpiresAt() == nil {
		return nil, errors.New("a key without an end")
	}
	return &usersv1.CreateAPIKeyResponse{Key: "souk_x", Info: &usersv1.APIKeyInfo{Id: "key_1", Name: req.GetName(), ExpiresAt: req.GetExpiresAt()}}, nil
}

// ListAPIKeys has a key made by Ada and one made by Bob.
func (users) ListAPIKeys(_ context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error) {
	return &usersv1.ListAPIKeysResponse{Keys: []*usersv1.APIKeyInfo{
		{Id: "key_of_" + req.GetMerchantId(), CreatedBy: "usr_ada"}, {Id: "key_by_bob", CreatedBy: "usr_bob"},
	}}, nil
}

func (users) RevokeAPIKey(_ context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error) {
	if req.GetKeyId() != "key_1" {
		return nil, &fault.CallError{Module: "users", Code: fault.NotFound, Reason: "api_key_not_found"}
	}
	return &usersv1.RevokeAPIKeyResponse{}, nil
}

func newService(db *database.DB, approve bool) *service.Service {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return service.New(service.Options{
		DB: db, Users: users{}, Now: func() time.Time { return now }, AutoApprove: approve, PublicURL: "https://shop.example/",
		Limits: service.Limits{
			Merchants: 30, Pending: 3, InvitationsDay: 20, InvitationsPending: 10, InvitationLife: 7 * 24 * time.Hour, KeyLife: 365 * 24 * time.Hour,
		},
	})
}

func as(user string) context.Context {
	return identity.NewContext(context.Background(), identity.Principal{UserID: user, Method: identity.Bearer})
}

func each(t *testing.T, run func(t *testing.T, db *database.DB)) {
	t.Helper()
	dbtest.Each(t, run, database.Named("events", events.Migrations), migrations.Files)
}

func open(t *testing.T, s *service.Service, owner, name string) service.View {
	t.Helper()
	v, err := s.Open(as(owner), service.Draft{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func emitted(t *testing.T, db *database.DB) (types []string) {
	t.Helper()
	err := db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT type FROM events_outbox ORDER BY seq`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			types = append(types, name)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Café  Ünïque & Söhne")
		if v.Slug != "cafe-unique-sohne" || v.Role != merchantsv1.Role_ROLE_OWNER || v.Status != store.Approved {
			t.Errorf("got %+v", v)
		}
		if second := open(t, s, "usr_bob", "Cafe Unique Sohne"); second.Slug == v.Slug || len(second.Slug) < len(v.Slug) {
			t.Errorf("the second one of this name got %q", second.Slug)
		}
		_, err := s.Open(as("usr_bob"), service.Draft{Name: "x", Slug: v.Slug})
		if fault.ReasonOf(err) != "slug_taken" {
			t.Errorf("a taken slug: %v", err)
		}
		for _, slug := range []string{"ab", "-abc", "abc-", "a--b", "Abc", "äbc", "a b", "a/b"} {
			if _, err := s.Open(as("usr_bob"), service.Draft{Name: "x", Slug: slug}); fault.CodeOf(err) != fault.InvalidArgument {
				t.Errorf("slug %q: %v", slug, err)
			}
		}
		want := []string{events.TypeOf(&merchantsevents.MerchantApproved{}), events.TypeOf(&merchantsevents.MerchantApproved{})}
		if diff := cmp.Diff(want, emitted(t, db)); diff != "" {
			t.Errorf("events (-want +got)\n%s", diff)
		}
	})
}

func TestOpenTwiceWithOneKeyIsOneMerchant(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		ctx := callctx.WithIdempotency(as("usr_ada"), callctx.Idempotency{Key: "k", At: time.Unix(1, 0)})
		first, err := s.Open(ctx, service.Draft{Name: "Lamps"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Open(ctx, service.Draft{Name: "Lamps"})
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%v (-first +again)\n%s", err, diff)
		}
		if got := emitted(t, db); len(got) != 1 {
			t.Errorf("events %v", got)
		}
	})
}

// Emails writes to the owner and calls nobody, so the event has to carry who that is.
func TestMerchantApprovedCarriesTheOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		v := open(t, newService(db, true), "usr_ada", "Lamps")
		var payload []byte
		err := db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
			return q.QueryRow(ctx, `SELECT payload FROM events_outbox`).Scan(&payload)
		})
		got := &merchantsevents.MerchantApproved{}
		if err == nil {
			err = proto.Unmarshal(payload, got)
		}
		want := &merchantsevents.MerchantApproved{
			MerchantId: v.ID, Name: "Lamps", Slug: "lamps", OwnerId: "usr_ada", OwnerEmail: "usr_ada@example.com", OwnerFirstName: "Ada",
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	})
}

func TestPendingUntilApproved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, false)
		v := open(t, s, "usr_ada", "Lamps")
		if _, err := s.ByID(as("usr_bob"), v.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("a stranger sees a pending merchant: %v", err)
		}
		if got := emitted(t, db); len(got) != 0 {
			t.Errorf("events before the approval: %v", got)
		}
		for range 2 {
			if approved, err := s.Approve(as("usr_admin"), v.ID); err != nil || approved.Status != store.Approved {
				t.Fatalf("%+v, %v", approved, err)
			}
		}
		if got := emitted(t, db); len(got) != 1 {
			t.Errorf("events after two approvals: %v", got)
		}
		if _, err := s.ByID(as("usr_bob"), v.ID); err != nil {
			t.Errorf("a stranger does not see an approved merchant: %v", err)
		}
		if _, err := s.Approve(as("usr_admin"), "mrc_none"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("approving nothing: %v", err)
		}
	})
}

func TestFailure18_AnotherMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Lamps")
		open(t, s, "usr_bob", "Spices")
		bob, name := as("usr_bob"), "Mine now"
		_, update := s.Update(bob, v.ID, service.Change{Name: &name, Match: func(int64) error { return nil }})
		_, members := s.Members(bob, v.ID, "", 10)
		_, invite := s.SetRole(bob, v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
		_, probe := s.Invite(bob, v.ID, service.Offer{Email: "nobody@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
		_, remove := s.Remove(bob, v.ID, "usr_ada")
		for what, err := range map[string]error{
			"update": update, "members": members, "invite": invite, "probe for an address": probe, "remove": remove,
			"withdraw": s.Withdraw(bob, v.ID, "inv_x"),
		} {
			if fault.CodeOf(err) != fault.NotFound || fault.ReasonOf(err) != "merchant_not_found" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestMembers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		ada, v := as("usr_ada"), open(t, s, "usr_ada", "Lamps")
		role := func(user string) merchantsv1.Role {
			reply, err := s.Member(context.Background(), &merchantsv1.MemberRequest{MerchantId: v.ID, UserId: user})
			if err != nil {
				t.Fatal(err)
			}
			return reply.GetRole()
		}
		set := func(ctx context.Context, user string, role merchantsv1.Role) error {
			_, err := s.SetRole(ctx, v.ID, user, role)
			return err
		}
		join(t, s, "usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_VIEWER)
		stranger, err := s.Member(context.Background(), &merchantsv1.MemberRequest{MerchantId: v.ID})
		if err != nil || !stranger.GetApproved() || stranger.GetRole() != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("nobody in particular: %v, %v", stranger, err)
		}
		if role("usr_bob") != merchantsv1.Role_ROLE_VIEWER || role("usr_stranger") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("roles %s and %s", role("usr_bob"), role("usr_stranger"))
		}
		if err := set(as("usr_bob"), "usr_bob", merchantsv1.Role_ROLE_OWNER); fault.CodeOf(err) != fault.PermissionDenied {
			t.Errorf("a viewer promotes: %v", err)
		}
		if _, err := s.Invite(as("usr_bob"), v.ID, service.Offer{Email: "eve@example.com", Role: merchantsv1.Role_ROLE_OWNER}); fault.CodeOf(err) != fault.PermissionDenied {
			t.Errorf("a viewer invites: %v", err)
		}
		for _, user := range []string{"usr_eve", "usr_nobody"} { // with an account and without
			if err := set(ada, user, merchantsv1.Role_ROLE_VIEWER); fault.CodeOf(err) != fault.InvalidArgument || fault.From(err).Fields[0].Pointer != "/user_id" {
				t.Errorf("%s is made a member without being asked: %v", user, err)
			}
		}
		if err := set(ada, "usr_ada", merchantsv1.Role_ROLE_VIEWER); fault.ReasonOf(err) != "last_owner" {
			t.Errorf("the last owner steps down: %v", err)
		}
		if _, err := s.Remove(ada, v.ID, "usr_ada"); fault.ReasonOf(err) != "last_owner" {
			t.Errorf("the last owner leaves: %v", err)
		}
		for range 2 {
			if err := set(ada, "usr_bob", merchantsv1.Role_ROLE_OWNER); err != nil || role("usr_bob") != merchantsv1.Role_ROLE_OWNER {
				t.Fatalf("promotion: %v, %s", err, role("usr_bob"))
			}
		}
		if _, err := s.Remove(as("usr_bob"), v.ID, "usr_ada"); err != nil || role("usr_ada") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("removal: %v, %s", err, role("usr_ada"))
		}
		if members, err := s.Members(as("usr_bob"), v.ID, "", 10); err != nil || len(members) != 1 {
			t.Errorf("%v, %v", members, err)
		}
		if _, err := s.Remove(as("usr_bob"), v.ID, "usr_ada"); fault.ReasonOf(err) != "member_not_found" {
			t.Errorf("removing a stranger: %v", err)
		}
	})
}

// Two owners who leave at the same time must not leave the merchant to nobody.
func TestOwnersWhoLeaveAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		for round := range 10 {
			v := open(t, s, "usr_ada", fmt.Sprint("Lamps ", round))
			join(t, s, "usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
			var left atomic.Int32
			var both sync.WaitGroup
			for _, user := range []string{"usr_ada", "usr_bob"} {
				both.Go(func() {
					if _, err := s.Remove(as(user), v.ID, service.Me); err == nil {
						left.Add(1)
					}
				})
			}
			both.Wait()
			if left.Load() != 1 {
				t.Fatalf("round %d: %d owners left", round, left.Load())
			}
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v, name := open(t, s, "usr_ada", "Lamps"), "Lanterns"
		got, err := s.Update(as("usr_ada"), v.ID, service.Change{Name: &name, Match: func(int64) error { return nil }})
		if err != nil || got.Name != name || got.Slug != v.Slug || got.Version != v.Version+1 {
			t.Errorf("%+v, %v", got, err)
		}
		stale := fault.New(fault.VersionMismatch, "version_mismatch", "")
		_, err = s.Update(as("usr_ada"), v.ID, service.Change{Name: &name, Match: func(current int64) error {
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

func TestEnsureIsIdempotent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, false)
		request := &merchantsv1.EnsureRequest{Slug: "lamp-lane", Name: "Lamp Lane", OwnerId: "usr_ada"}
		first, err := s.Ensure(context.Background(), request)
		if err != nil || !first.GetCreated() {
			t.Fatalf("%v, %v", first, err)
		}
		again, err := s.Ensure(context.Background(), request)
		if err != nil || again.GetCreated() || again.GetMerchantId() != first.GetMerchantId() {
			t.Errorf("%v, %v", again, err)
		}
	})
}

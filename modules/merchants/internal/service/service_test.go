package service_test

import (
	"context"
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
	"app/modules/users/usersv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
)

// users is a users module that knows everybody whose id or address begins with "usr_" or holds an "@".
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
	return &usersv1.CreateAPIKeyResponse{Key: "souk_x", Info: &usersv1.APIKeyInfo{Id: "key_1", Name: req.GetName(), ExpiresAt: req.GetExpiresAt()}}, nil
}

func (users) ListAPIKeys(_ context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error) {
	return &usersv1.ListAPIKeysResponse{Keys: []*usersv1.APIKeyInfo{{Id: "key_of_" + req.GetMerchantId()}}}, nil
}

func (users) RevokeAPIKey(_ context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error) {
	if req.GetKeyId() != "key_1" {
		return nil, &fault.CallError{Module: "users", Code: fault.NotFound, Reason: "api_key_not_found"}
	}
	return &usersv1.RevokeAPIKeyResponse{}, nil
}

func newService(db *database.DB, approve bool) *service.Service {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return service.New(service.Options{DB: db, Users: users{}, Now: func() time.Time { return now }, AutoApprove: approve})
}

func as(user string) context.Context {
	return identity.NewContext(context.Background(), identity.Principal{UserID: user, Method: identity.Bearer})
}

func each(t *testing.T, run func(t *testing.T, db *database.DB)) {
	t.Helper()
	dbtest.Each(t, run, database.Named("events", events.Migrations), store.Migrations())
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
		_, invite := s.Invite(bob, v.ID, service.Invitation{UserID: "usr_bob", Role: merchantsv1.Role_ROLE_OWNER})
		_, probe := s.Invite(bob, v.ID, service.Invitation{Email: "nobody@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
		for what, err := range map[string]error{
			"update": update, "members": members, "invite": invite, "probe for an address": probe, "remove": s.Remove(bob, v.ID, "usr_ada"),
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
		invite := func(ctx context.Context, i service.Invitation) error {
			_, err := s.Invite(ctx, v.ID, i)
			return err
		}
		if err := invite(ada, service.Invitation{Email: "bob@example.com", Role: merchantsv1.Role_ROLE_VIEWER}); err != nil {
			t.Fatal(err)
		}
		stranger, err := s.Member(context.Background(), &merchantsv1.MemberRequest{MerchantId: v.ID})
		if err != nil || !stranger.GetApproved() || stranger.GetRole() != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("nobody in particular: %v, %v", stranger, err)
		}
		bob := "usr_bob@example.com"
		if role(bob) != merchantsv1.Role_ROLE_VIEWER || role("usr_stranger") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("roles %s and %s", role(bob), role("usr_stranger"))
		}
		if err := invite(as(bob), service.Invitation{UserID: "usr_eve", Role: merchantsv1.Role_ROLE_OWNER}); fault.CodeOf(err) != fault.PermissionDenied {
			t.Errorf("a viewer invites: %v", err)
		}
		if err := invite(ada, service.Invitation{Email: "nobody@example.com", Role: merchantsv1.Role_ROLE_VIEWER}); fault.From(err).Fields[0].Pointer != "/email" {
			t.Errorf("nobody: %v", err)
		}
		if err := invite(ada, service.Invitation{UserID: "usr_ada", Role: merchantsv1.Role_ROLE_VIEWER}); fault.ReasonOf(err) != "last_owner" {
			t.Errorf("the last owner steps down: %v", err)
		}
		if err := s.Remove(ada, v.ID, "usr_ada"); fault.ReasonOf(err) != "last_owner" {
			t.Errorf("the last owner leaves: %v", err)
		}
		if err := invite(ada, service.Invitation{UserID: bob, Role: merchantsv1.Role_ROLE_OWNER}); err != nil || role(bob) != merchantsv1.Role_ROLE_OWNER {
			t.Fatalf("promotion: %v, %s", err, role(bob))
		}
		if err := s.Remove(as(bob), v.ID, "usr_ada"); err != nil || role("usr_ada") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("removal: %v, %s", err, role("usr_ada"))
		}
		if members, err := s.Members(as(bob), v.ID, "", 10); err != nil || len(members) != 1 {
			t.Errorf("%v, %v", members, err)
		}
		if err := s.Remove(as(bob), v.ID, "usr_ada"); fault.ReasonOf(err) != "member_not_found" {
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
			if _, err := s.Invite(as("usr_ada"), v.ID, service.Invitation{UserID: "usr_bob", Role: merchantsv1.Role_ROLE_OWNER}); err != nil {
				t.Fatal(err)
			}
			var left atomic.Int32
			var both sync.WaitGroup
			for _, user := range []string{"usr_ada", "usr_bob"} {
				both.Go(func() {
					if s.Remove(as(user), v.ID, user) == nil {
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

package subjects_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/users/internal/registration"
	"app/modules/users/internal/subjects"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/identity/token"
)

func byID(id string) *usersv1.FindRequest {
	return &usersv1.FindRequest{By: &usersv1.FindRequest_Id{Id: id}}
}

func byEmail(email string) *usersv1.FindRequest {
	return &usersv1.FindRequest{By: &usersv1.FindRequest_Email{Email: email}}
}

func TestFind(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	h := w.Set.Contract()
	user := w.signUp(ada, secret)
	w.code("pending@example.com", secret)
	want := &usersv1.FindResponse{User: &usersv1.User{Id: user.ID, Email: ada, FirstName: "Ada", LastName: "Lovelace"}}
	for _, req := range []*usersv1.FindRequest{byID(user.ID), byEmail(ada), byEmail("ada@example.com")} {
		got, err := h.Find(ctx, req)
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || err != nil {
			t.Errorf("%v: %v, -want +got\n%s", req, err, diff)
		}
	}
	for _, req := range []*usersv1.FindRequest{byID(""), byID("usr_x"), byEmail(""), byEmail("pending@example.com"), byEmail("%"), byEmail("ada@example")} {
		_, err := h.Find(ctx, req)
		wants(t, err, fault.NotFound, "user_not_found")
	}
	_, err := h.Find(ctx, &usersv1.FindRequest{})
	wants(t, err, fault.InvalidArgument, "validation_failed")
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	request := &usersv1.EnsureRequest{Email: ada, Password: secret, FirstName: "Ada", LastName: "Lovelace"}
	t.Run("Idempotent", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		h := w.Set.Contract()
		first, err := h.Ensure(ctx, request)
		if err != nil || !first.GetCreated() {
			t.Fatalf("%v, %v", first, err)
		}
		again, err := h.Ensure(ctx, &usersv1.EnsureRequest{Email: strings.ToUpper(ada), Password: "Other-Horse-7", FirstName: "Eve", LastName: "X"})
		if diff := cmp.Diff(first.GetUser(), again.GetUser(), protocmp.Transform()); diff != "" || err != nil || again.GetCreated() {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
		w.login(ada, secret)
		if told := w.emitted(); len(told) != 0 {
			t.Errorf("emitted %v: nobody has registered", told)
		}
	})
	t.Run("AtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			h := w.Set.Contract()
			created := make([]bool, 6)
			users := make([]string, 6)
			for _, err := range together(6, func(i int) error {
				reply, err := h.Ensure(ctx, request)
				created[i], users[i] = reply.GetCreated(), reply.GetUser().GetId()
				return err
			}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			for i := range created {
				if created[i] {
					n++
				}
				if users[i] != users[0] {
					t.Errorf("two accounts: %s, %s", users[i], users[0])
				}
			}
			if n != 1 {
				t.Errorf("created %d times", n)
			}
		})
	})
	t.Run("Refuses", func(t *testing.T) {
		t.Parallel()
		_, err := newWorld(t).Set.Contract().Ensure(ctx, &usersv1.EnsureRequest{Email: "x", Password: "y"})
		wants(t, err, fault.InvalidArgument, "validation_failed")
		if diff := cmp.Diff([]string{"/email", "/first_name", "/last_name", "/password"}, pointers(err)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// Two processes that start at once on one database make one key and one secret, and
// accept each other's tokens and codes.
func TestKeysRacedByTwoProcesses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const processes = 6
		all := make([]*world, processes)
		sets := make([]string, processes)
		c := &clock{now: moment}
		for _, err := range together(processes, func(i int) (err error) {
			all[i] = &world{t: t, db: db, clock: c}
			if all[i].Set, err = all[i].start(func(*subjects.Options) {}); err != nil {
				return err
			}
			set, err := all[i].Keys.Set(context.Background())
			sets[i] = string(set)
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		w := all[0]
		parsed, err := token.ParseSet([]byte(sets[0]))
		if err != nil || len(parsed) != 1 || w.count(`SELECT COUNT(*) FROM users_keys`) != 1 || w.count(`SELECT COUNT(*) FROM users_secrets`) != 1 {
			t.Fatalf("%d keys, %v", len(parsed), err)
		}
		for _, set := range sets {
			if set != sets[0] {
				t.Errorf("two sets: %s, %s", set, sets[0])
			}
		}
		code := all[0].code(ada, secret)
		if _, err := all[1].Registrations.Verify(context.Background(), registration.Proof{Email: ada, Code: code, Password: secret}); err != nil {
			t.Error(err)
		}
		all[3].claims(all[2].login(ada, secret).Access)
	}, schemas()...)
}

func TestKeysRPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reply, err := w.Set.Contract().Keys(context.Background(), &usersv1.KeysRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if set, err := token.ParseSet(reply.GetJwks()); err != nil || len(set) != 1 {
		t.Errorf("%s: %v", reply.GetJwks(), err)
	}
	again, err := on(t, w.db).Set.Contract().Keys(context.Background(), &usersv1.KeysRequest{})
	if err != nil || string(again.GetJwks()) != string(reply.GetJwks()) {
		t.Errorf("another start made another key: %s, %v", again.GetJwks(), err)
	}
	if w.Hasher.Operations() != 0 {
		t.Error("a password was hashed at start")
	}
}

package contract_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/users/internal/userstest"
	"app/modules/users/usersv1"
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
	w := userstest.NewWorld(t)
	h := w.Set.Contract()
	user := w.SignUp(userstest.Ada, userstest.Secret)
	w.Code("pending@example.com", userstest.Secret)
	want := &usersv1.FindResponse{User: &usersv1.User{Id: user.ID, Email: userstest.Ada, FirstName: "Ada", LastName: "Lovelace"}}
	for _, req := range []*usersv1.FindRequest{byID(user.ID), byEmail(userstest.Ada), byEmail("ada@example.com")} {
		got, err := h.Find(ctx, req)
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || err != nil {
			t.Errorf("%v: %v, -want +got\n%s", req, err, diff)
		}
	}
	for _, req := range []*usersv1.FindRequest{byID(""), byID("usr_x"), byEmail(""), byEmail("pending@example.com"), byEmail("%"), byEmail("ada@example")} {
		_, err := h.Find(ctx, req)
		userstest.Wants(t, err, fault.NotFound, "user_not_found")
	}
	_, err := h.Find(ctx, &usersv1.FindRequest{})
	userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	request := &usersv1.EnsureRequest{Email: userstest.Ada, Password: userstest.Secret, FirstName: "Ada", LastName: "Lovelace"}
	t.Run("Idempotent", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		h := w.Set.Contract()
		first, err := h.Ensure(ctx, request)
		if err != nil || !first.GetCreated() {
			t.Fatalf("%v, %v", first, err)
		}
		again, err := h.Ensure(ctx, &usersv1.EnsureRequest{Email: strings.ToUpper(userstest.Ada), Password: "Other-Horse-7", FirstName: "Eve", LastName: "X"})
		if diff := cmp.Diff(first.GetUser(), again.GetUser(), protocmp.Transform()); diff != "" || err != nil || again.GetCreated() {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
		w.Login(userstest.Ada, userstest.Secret)
		if told := w.Emitted(); len(told) != 0 {
			t.Errorf("emitted %v: nobody has registered", told)
		}
	})
	t.Run("AtOnce", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			h := w.Set.Contract()
			created := make([]bool, 6)
			users := make([]string, 6)
			for _, err := range userstest.Together(6, func(i int) error {
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
		_, err := userstest.NewWorld(t).Set.Contract().Ensure(ctx, &usersv1.EnsureRequest{Email: "x", Password: "y"})
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		if diff := cmp.Diff([]string{"/email", "/first_name", "/last_name", "/password"}, userstest.Pointers(err)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestKeysRPC(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	reply, err := w.Set.Contract().Keys(context.Background(), &usersv1.KeysRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if set, err := token.ParseSet(reply.GetJwks()); err != nil || len(set) != 1 {
		t.Errorf("%s: %v", reply.GetJwks(), err)
	}
	again, err := userstest.On(t, w.DB).Set.Contract().Keys(context.Background(), &usersv1.KeysRequest{})
	if err != nil || string(again.GetJwks()) != string(reply.GetJwks()) {
		t.Errorf("another start made another key: %s, %v", again.GetJwks(), err)
	}
	if w.Hasher.Operations() != 0 {
		t.Error("a password was hashed at start")
	}
}

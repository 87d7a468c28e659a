package keys_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/keys"
	"app/modules/users/internal/session"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
	"app/platform/identity/token"
)

// kid is the key that a token was signed with.
func kid(t *testing.T, w *userstest.World, access string) string {
	t.Helper()
	keys, err := w.Keys.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		only := token.NewKeys(w.Keys.Set, w.Clock.Now)
		if _, err := only.Key(context.Background(), k.ID); err != nil {
			t.Fatal(err)
		}
		for _, other := range keys {
			if other.ID != k.ID {
				only.Drop(other.ID)
			}
		}
		if _, err := token.NewVerifier(only, w.Clock.Now).Verify(context.Background(), access); err == nil {
			return k.ID
		}
	}
	return ""
}

// Two processes sign, two gateways verify, and a key is rotated in the middle: whatever
// was handed out is good for its whole life.
func TestRotateKeysUnderTraffic(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		processes := []*userstest.World{w, w.Beside()}
		current := []string{w.SignedIn().Refresh, w.Login(userstest.Ada, userstest.Secret).Refresh}
		var gateways []*token.Verifier
		for _, p := range processes {
			gateways = append(gateways, token.NewVerifier(token.NewKeys(p.Keys.Set, w.Clock.Now), w.Clock.Now))
		}
		type issued struct {
			access  string
			expires time.Time
		}
		var alive []issued
		signed := map[string]int{}
		rotated := false
		for step := range 60 {
			fresh := make([]session.Tokens, len(processes))
			for _, err := range userstest.Together(len(processes)+1, func(i int) (err error) {
				if i < len(processes) {
					fresh[i], err = processes[i].Sessions.Refresh(context.Background(), current[i])
				} else if step == 5 {
					_, err = processes[1].Keys.Rotate(context.Background(), keys.MinLead)
					rotated = true
				}
				return err
			}) {
				if err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
			}
			for i, tokens := range fresh {
				current[i] = tokens.Refresh
				alive = append(alive, issued{tokens.Access, w.Clock.Now().Add(tokens.ExpiresIn)})
				signed[kid(t, w, tokens.Access)]++
			}
			kept := alive[:0]
			for _, one := range alive {
				if !w.Clock.Now().Before(one.expires) {
					continue
				}
				kept = append(kept, one)
				for g, gateway := range gateways {
					if _, err := gateway.Verify(context.Background(), one.access); err != nil {
						t.Fatalf("step %d: gateway %d: %v", step, g, err)
					}
				}
			}
			alive = kept
			if step < 20 {
				w.Clock.Pass(4 * time.Second)
			} else {
				w.Clock.Pass(2 * time.Minute)
			}
		}
		if !rotated || len(signed) != 2 || signed[""] != 0 {
			t.Errorf("tokens by key: %v", signed)
		}
		if keys, err := w.Keys.List(context.Background()); err != nil || len(keys) != 1 || keys[0].Generation != 2 || !keys[0].Signs {
			t.Errorf("in the end: %+v, %v", keys, err)
		}
	})
}

func TestRotateKeys(t *testing.T) {
	t.Parallel()
	t.Run("PublishedBeforeItSigns", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		first := w.SignedIn()
		old := kid(t, w, first.Access)
		keys, err := w.Keys.Rotate(context.Background(), 10*time.Minute)
		if err != nil || len(keys) != 2 || keys[0].Signs || !keys[1].Signs || keys[1].ID != old {
			t.Fatalf("%+v, %v", keys, err)
		}
		w.Clock.Pass(9 * time.Minute)
		if got := kid(t, w, w.Login(userstest.Ada, userstest.Secret).Access); got != old {
			t.Errorf("signed with %s", got)
		}
		w.Clock.Pass(time.Minute)
		if got := kid(t, w, w.Login(userstest.Ada, userstest.Secret).Access); got != keys[0].ID {
			t.Errorf("signed with %s", got)
		}
		w.Clock.Pass(time.Hour)
		if left, err := w.Keys.List(context.Background()); err != nil || len(left) != 2 {
			t.Errorf("an hour later: %+v, %v", left, err)
		}
		w.Clock.Pass(time.Minute)
		if left, err := w.Keys.List(context.Background()); err != nil || len(left) != 1 {
			t.Errorf("when its last token is over: %+v, %v", left, err)
		}
	})
	t.Run("OneAtATime", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignedIn()
			ok := 0
			for _, err := range userstest.Together(4, func(int) error {
				_, err := w.Beside().Keys.Rotate(context.Background(), time.Minute)
				return err
			}) {
				if err == nil {
					ok++
				}
			}
			if n := w.Count(`SELECT COUNT(*) FROM users_keys`); ok != 1 || n != 2 {
				t.Errorf("%d rotations, %d keys", ok, n)
			}
			_, err := w.Keys.Rotate(context.Background(), time.Minute)
			userstest.Wants(t, err, fault.FailedPrecondition, "rotation_pending")
		})
	})
	t.Run("LeadOutOfBounds", func(t *testing.T) {
		t.Parallel()
		for _, lead := range []time.Duration{0, -time.Minute, keys.MinLead - 1, 8 * 24 * time.Hour} {
			_, err := userstest.NewWorld(t).Keys.Rotate(context.Background(), lead)
			userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		}
	})
}

func TestRevokeKeys(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		in := w.SignedIn()
		stolen := kid(t, w, in.Access)
		if _, err := w.Keys.Rotate(context.Background(), time.Hour); err != nil {
			t.Fatal(err)
		}
		keys, err := w.Keys.Revoke(context.Background())
		if err != nil || len(keys) != 1 || !keys[0].Signs || keys[0].Generation != 3 {
			t.Fatalf("%+v, %v", keys, err)
		}
		subjects, _ := w.Revoked(0)
		if len(subjects) != 2 || subjects[0] != stolen && subjects[1] != stolen {
			t.Errorf("gateways are told of %q", subjects)
		}
		gateway := token.NewVerifier(token.NewKeys(w.Keys.Set, w.Clock.Now), w.Clock.Now)
		if _, err := gateway.Verify(context.Background(), in.Access); err == nil {
			t.Error("a token of the stolen key is good")
		}
		w.Clock.Pass(5 * time.Second)
		if got := kid(t, w, w.Refresh(in.Refresh).Access); got != keys[0].ID {
			t.Errorf("signed with %q", got)
		}
	})
}

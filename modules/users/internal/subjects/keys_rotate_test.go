package subjects_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/keys"
	"app/modules/users/internal/session"
	"app/modules/users/internal/subjects"
	"app/platform/fault"
	"app/platform/identity/token"
)

// beside is another process of users on the same database, by the same clock.
func (w *world) beside() *world {
	w.t.Helper()
	return &world{t: w.t, db: w.db, clock: w.clock, Set: w.with(func(*subjects.Options) {})}
}

// kid is the key that a token was signed with.
func kid(t *testing.T, w *world, access string) string {
	t.Helper()
	keys, err := w.Keys.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		only := token.NewKeys(w.Keys.Set, w.clock.Now)
		if _, err := only.Key(context.Background(), k.ID); err != nil {
			t.Fatal(err)
		}
		for _, other := range keys {
			if other.ID != k.ID {
				only.Drop(other.ID)
			}
		}
		if _, err := token.NewVerifier(only, w.clock.Now).Verify(context.Background(), access); err == nil {
			return k.ID
		}
	}
	return ""
}

// Two processes sign, two gateways verify, and a key is rotated in the middle: whatever
// was handed out is good for its whole life.
func TestRotateKeysUnderTraffic(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		processes := []*world{w, w.beside()}
		current := []string{w.signedIn().Refresh, w.login(ada, secret).Refresh}
		var gateways []*token.Verifier
		for _, p := range processes {
			gateways = append(gateways, token.NewVerifier(token.NewKeys(p.Keys.Set, w.clock.Now), w.clock.Now))
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
			for _, err := range together(len(processes)+1, func(i int) (err error) {
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
				alive = append(alive, issued{tokens.Access, w.clock.Now().Add(tokens.ExpiresIn)})
				signed[kid(t, w, tokens.Access)]++
			}
			kept := alive[:0]
			for _, one := range alive {
				if !w.clock.Now().Before(one.expires) {
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
				w.clock.pass(4 * time.Second)
			} else {
				w.clock.pass(2 * time.Minute)
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
		w := newWorld(t)
		first := w.signedIn()
		old := kid(t, w, first.Access)
		keys, err := w.Keys.Rotate(context.Background(), 10*time.Minute)
		if err != nil || len(keys) != 2 || keys[0].Signs || !keys[1].Signs || keys[1].ID != old {
			t.Fatalf("%+v, %v", keys, err)
		}
		w.clock.pass(9 * time.Minute)
		if got := kid(t, w, w.login(ada, secret).Access); got != old {
			t.Errorf("signed with %s", got)
		}
		w.clock.pass(time.Minute)
		if got := kid(t, w, w.login(ada, secret).Access); got != keys[0].ID {
			t.Errorf("signed with %s", got)
		}
		w.clock.pass(time.Hour)
		if left, err := w.Keys.List(context.Background()); err != nil || len(left) != 2 {
			t.Errorf("an hour later: %+v, %v", left, err)
		}
		w.clock.pass(time.Minute)
		if left, err := w.Keys.List(context.Background()); err != nil || len(left) != 1 {
			t.Errorf("when its last token is over: %+v, %v", left, err)
		}
	})
	t.Run("OneAtATime", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signedIn()
			ok := 0
			for _, err := range together(4, func(int) error {
				_, err := w.beside().Keys.Rotate(context.Background(), time.Minute)
				return err
			}) {
				if err == nil {
					ok++
				}
			}
			if n := w.count(`SELECT COUNT(*) FROM users_keys`); ok != 1 || n != 2 {
				t.Errorf("%d rotations, %d keys", ok, n)
			}
			_, err := w.Keys.Rotate(context.Background(), time.Minute)
			wants(t, err, fault.FailedPrecondition, "rotation_pending")
		})
	})
	t.Run("LeadOutOfBounds", func(t *testing.T) {
		t.Parallel()
		for _, lead := range []time.Duration{0, -time.Minute, keys.MinLead - 1, 8 * 24 * time.Hour} {
			_, err := newWorld(t).Keys.Rotate(context.Background(), lead)
			wants(t, err, fault.InvalidArgument, "validation_failed")
		}
	})
}

func TestRevokeKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.signedIn()
		stolen := kid(t, w, in.Access)
		if _, err := w.Keys.Rotate(context.Background(), time.Hour); err != nil {
			t.Fatal(err)
		}
		keys, err := w.Keys.Revoke(context.Background())
		if err != nil || len(keys) != 1 || !keys[0].Signs || keys[0].Generation != 3 {
			t.Fatalf("%+v, %v", keys, err)
		}
		subjects, _ := w.revoked(0)
		if len(subjects) != 2 || subjects[0] != stolen && subjects[1] != stolen {
			t.Errorf("gateways are told of %q", subjects)
		}
		gateway := token.NewVerifier(token.NewKeys(w.Keys.Set, w.clock.Now), w.clock.Now)
		if _, err := gateway.Verify(context.Background(), in.Access); err == nil {
			t.Error("a token of the stolen key is good")
		}
		w.clock.pass(5 * time.Second)
		if got := kid(t, w, w.refresh(in.Refresh).Access); got != keys[0].ID {
			t.Errorf("signed with %q", got)
		}
	})
}

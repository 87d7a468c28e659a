package revocation_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/session"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersv1"
)

func TestRevocations(t *testing.T) {
	t.Parallel()
	t.Run("InOrderAndNoneMissed", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignUp(userstest.Ada, userstest.Secret)
			var sessions []session.Tokens
			for range 12 {
				sessions = append(sessions, w.Login(userstest.Ada, userstest.Secret))
			}
			seen, after := map[string]bool{}, int64(0)
			follow := func() {
				subjects, epoch := w.Revoked(after)
				for _, s := range subjects {
					seen[s] = true
				}
				after = epoch
			}
			for _, err := range userstest.Together(13, func(i int) error {
				if i == 12 {
					for range 50 {
						follow()
					}
					return nil
				}
				return w.Sessions.Logout(context.Background(), sessions[i].Refresh)
			}) {
				if err != nil {
					t.Error(err)
				}
			}
			follow()
			if len(seen) != 12 || after != 12 {
				t.Errorf("%d seen, epoch %d", len(seen), after)
			}
		})
	})
	t.Run("ForAnHour", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		in := w.SignedIn()
		if err := w.Sessions.Logout(context.Background(), in.Refresh); err != nil {
			t.Fatal(err)
		}
		w.Clock.Pass(time.Hour)
		if subjects, _ := w.Revoked(0); len(subjects) != 1 {
			t.Errorf("got %q", subjects)
		}
		w.Clock.Pass(time.Minute)
		if subjects, epoch := w.Revoked(0); len(subjects) != 0 || epoch != 1 {
			t.Errorf("got %q, epoch %d", subjects, epoch)
		}
		w.Clock.Pass(time.Second)
		if _, err := w.SweepOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_revocations`); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
	t.Run("ManyComeInPages", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.Run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
			INSERT INTO users_revocations (epoch, kind, subject, created_at, expires_at) SELECT i, 1, 'ses_' || i, 0, 9e18 FROM n`)
		w.Run(`UPDATE users_epochs SET value = 2500`)
		total, after, pages := 0, int64(0), 0
		for more := true; more; pages++ {
			out, err := w.Set.Contract().Revocations(context.Background(), &usersv1.RevocationsRequest{After: after})
			if err != nil {
				t.Fatal(err)
			}
			total, after, more = total+len(out.GetRevocations()), out.GetEpoch(), out.GetMore()
		}
		if total != 2500 || after != 2500 || pages != 3 {
			t.Errorf("%d in %d pages, epoch %d", total, pages, after)
		}
	})
	t.Run("FromTheFuture", func(t *testing.T) {
		t.Parallel()
		if subjects, epoch := userstest.NewWorld(t).Revoked(17); len(subjects) != 0 || epoch != 0 {
			t.Errorf("got %q, epoch %d", subjects, epoch)
		}
	})
}

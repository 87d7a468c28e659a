package subjects_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/userstest"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		current := w.SignedIn().Refresh
		w.Code("pending@example.com", userstest.Secret)
		sweep := func() {
			for more := true; more; {
				var err error
				if more, err = w.SweepOnce(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows := func() [3]int {
			return [3]int{w.Count(`SELECT COUNT(*) FROM users_codes`), w.Count(`SELECT COUNT(*) FROM users_sessions`), w.Count(`SELECT COUNT(*) FROM users_refresh`)}
		}
		sweep()
		if got := rows(); got != [3]int{2, 1, 1} {
			t.Errorf("fresh rows are gone: %v", got)
		}
		w.Clock.Pass(600 * time.Hour)
		current = w.Refresh(current).Refresh
		w.Clock.Pass(600 * time.Hour)
		sweep()
		if got := rows(); got != [3]int{0, 1, 1} {
			t.Errorf("after 1,200 hours: %v", got)
		}
		w.Refresh(current)
		w.Clock.Pass(2160 * time.Hour)
		sweep()
		if got := rows(); got != [3]int{0, 0, 0} {
			t.Errorf("in the end: %v", got)
		}
	})
}

package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"app/platform/lifecycle"
)

func TestWorker(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)

	t.Run("runs at start, at each interval and when woken", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var runs atomic.Int32 // a tick of the clock is no synchronisation for the race detector
			w := lifecycle.NewWorker("count", time.Second, quiet, func(context.Context) (bool, error) { runs.Add(1); return false, nil })
			w.Start()
			expect := func(want int32) {
				t.Helper()
				synctest.Wait()
				if got := runs.Load(); got != want {
					t.Fatalf("ran %d times, want %d", got, want)
				}
			}
			expect(1)
			time.Sleep(time.Second) //nolint:forbidigo // the clock of synctest
			expect(2)
			w.Wake()
			expect(3)
			if err := w.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Wake()
			expect(3)
		})
	})

	t.Run("goes on while there is more, but not after an error or a panic", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			runs := 0
			w := lifecycle.NewWorker("more", time.Hour, quiet, func(context.Context) (bool, error) {
				runs++
				switch runs {
				case 3:
					return true, errors.New("no")
				case 4:
					panic("oh")
				}
				return true, nil
			})
			w.Start()
			synctest.Wait()
			if runs != 3 {
				t.Fatalf("ran %d times before the error, want 3", runs)
			}
			w.Wake()
			synctest.Wait()
			if runs != 4 {
				t.Fatalf("ran %d times before the panic, want 4", runs)
			}
			if err := w.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	})

	t.Run("Stop ends the context of the work and gives up with its own", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			w := lifecycle.NewWorker("slow", time.Hour, quiet, func(ctx context.Context) (bool, error) {
				<-ctx.Done()
				<-release
				return false, nil
			})
			w.Start()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := w.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Stop of work that hangs: %v", err)
			}
			close(release)
			if err := w.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	})
}

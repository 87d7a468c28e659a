package load_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"app/e2e/harness/load"
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestConn(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/last" {
			w.Header().Set("Connection", "close")
		}
		w.WriteHeader(http.StatusTeapot)
		_ = http.NewResponseController(w).Flush() // chunked from here on
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Cart-Token"), body)
	})
	c := load.NewConn(address)
	defer c.Close()
	for _, path := range []string{"/first", "/last", "/after"} {
		status, body, err := c.Do(t.Context(), load.Request("PUT", path, []byte(`{"a":1}`), "Cart-Token", "secret"))
		if err != nil || status != http.StatusTeapot || string(body) != "PUT "+path+` secret {"a":1}` {
			t.Errorf("%s: %d %q, %v", path, status, body, err)
		}
	}
}

func TestConnKept(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen[r.RemoteAddr] = true })
	o := load.Run(t.Context(), load.Plan{Address: address, Callers: 1, Count: 10, Work: func(ctx context.Context, c *load.Conn, _ int) error {
		_, _, err := c.Do(ctx, load.Request("GET", "/", nil))
		return err
	}})
	if o.Done != 10 || o.Failed != 0 || len(seen) != 1 {
		t.Errorf("done %d, failed %d, %d connections, want 10, 0, 1", o.Done, o.Failed, len(seen))
	}
}

// In a bubble time passes only while everybody waits, so the figures are exact.
func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("ClosedModelWaitsForEachReply", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := load.Run(t.Context(), load.Plan{Callers: 2, Duration: time.Second, Work: lasting(100 * time.Millisecond)})
			if o.Done != 20 || o.Rate() != 20 || o.Latency(0.99) != 100*time.Millisecond {
				t.Errorf("done %d, rate %v, p99 %s, want 20, 20, 100ms", o.Done, o.Rate(), o.Latency(0.99))
			}
		})
	})
	t.Run("OpenModelCountsFromTheIntendedStart", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			// One caller that takes twice as long as there is between starts: work n
			// ends at (n+1)*200 ms, meant for n*100 ms.
			o := load.Run(t.Context(), load.Plan{Callers: 1, Rate: 10, Count: 10, Work: lasting(200 * time.Millisecond)})
			if o.Latency(0) != 200*time.Millisecond || o.Latency(1) != 1100*time.Millisecond || o.Rate() != 5 {
				t.Errorf("first %s, last %s, rate %v, want 200ms, 1.1s, 5", o.Latency(0), o.Latency(1), o.Rate())
			}
		})
	})
	t.Run("FailuresAreCountedApart", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int64
		wrong := errors.New("wrong")
		o := load.Run(t.Context(), load.Plan{Callers: 3, Count: 9, Work: func(_ context.Context, _ *load.Conn, n int) error {
			calls.Add(1)
			if n%3 == 0 {
				return wrong
			}
			return nil
		}})
		if o.Done != 6 || o.Failed != 3 || !errors.Is(o.Err, wrong) || calls.Load() != 9 {
			t.Errorf("done %d, failed %d, %v after %d calls", o.Done, o.Failed, o.Err, calls.Load())
		}
	})
	t.Run("SharpDoesEachOnceAndNoneTooEarly", func(t *testing.T) {
		t.Parallel()
		const rate, count = 2000, 100
		begun := time.Now()
		var seen [count]atomic.Int64
		var early atomic.Int64
		o := load.Run(t.Context(), load.Plan{Callers: 4, Rate: rate, Count: count, Sharp: true, Work: func(_ context.Context, _ *load.Conn, n int) error {
			seen[n].Add(1)
			if time.Since(begun) < time.Duration(n)*time.Second/rate {
				early.Add(1)
			}
			return nil
		}})
		for n := range seen {
			if got := seen[n].Load(); got != 1 {
				t.Errorf("number %d was done %d times", n, got)
			}
		}
		if o.Done != count || early.Load() != 0 {
			t.Errorf("done %d, want %d; %d too early", o.Done, count, early.Load())
		}
	})
	t.Run("SharpEndsWithItsContext", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		o := load.Run(ctx, load.Plan{Callers: 2, Rate: 1000, Sharp: true, Work: func(context.Context, *load.Conn, int) error {
			cancel()
			return nil
		}})
		if o.Done < 1 {
			t.Errorf("done %d", o.Done)
		}
	})
	t.Run("EndsWithItsContext", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		o := load.Run(ctx, load.Plan{Callers: 2, Rate: 10, Work: func(context.Context, *load.Conn, int) error {
			cancel()
			return nil
		}})
		if o.Done < 1 {
			t.Errorf("done %d", o.Done)
		}
	})
}

// lasting is work that takes that long.
func lasting(d time.Duration) load.Work {
	return func(context.Context, *load.Conn, int) error {
		<-time.After(d)
		return nil
	}
}

package rpctest_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

// counted answers each of the three kinds of call after counting it.
func counted(r *row, n *atomic.Int64, answer func(n int64) error) {
	r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
		return &parityv1.ActResponse{}, answer(n.Add(1))
	}
	r.put = func(context.Context, *parityv1.PutRequest) (*parityv1.PutResponse, error) {
		return &parityv1.PutResponse{}, answer(n.Add(1))
	}
	r.look = func(context.Context, *parityv1.LookRequest) (*parityv1.LookResponse, error) {
		return &parityv1.LookResponse{}, answer(n.Add(1))
	}
}

// call makes a call of the kind and returns its error.
func (r *row) call(ctx context.Context, kind string) error {
	var err error
	switch kind {
	case "Act":
		_, err = r.client.Act(ctx, &parityv1.ActRequest{})
	case "Put":
		_, err = r.client.Put(ctx, &parityv1.PutRequest{})
	case "Look":
		_, err = r.client.Look(ctx, &parityv1.LookRequest{})
	}
	return err
}

func TestRetry(t *testing.T) {
	t.Parallel()
	unavailable := fault.New(fault.Unavailable, "restarting", "")
	downstream := &fault.CallError{Module: "catalog", Code: fault.Unavailable, Reason: "module_down"}
	cases := map[string]struct {
		kind   string
		answer func(n int64) error
		runs   int64
		want   fault.Code // empty: OK
	}{
		// What a call has committed before it failed must not be committed twice.
		"CommittedThenFailed":   {"Act", func(int64) error { return unavailable }, 1, fault.Unavailable},
		"IdempotentTwice":       {"Put", func(int64) error { return unavailable }, 2, fault.Unavailable},
		"ReadTwice":             {"Look", func(int64) error { return unavailable }, 2, fault.Unavailable},
		"SecondSucceeds":        {"Put", func(n int64) error { return first(n, unavailable) }, 2, ""},
		"OtherVerdict":          {"Put", func(int64) error { return fault.New(fault.Aborted, "lost", "") }, 1, fault.Aborted},
		"Internal":              {"Look", func(int64) error { return fault.New(fault.Internal, "broken", "") }, 1, fault.Internal},
		"DownstreamUnavailable": {"Look", func(int64) error { return downstream }, 1, fault.Unavailable}, // retried there
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				var n atomic.Int64
				counted(r, &n, tc.answer)
				err := r.call(context.Background(), tc.kind)
				if n.Load() != tc.runs {
					t.Errorf("ran %d times, want %d", n.Load(), tc.runs)
				}
				if tc.want == "" && err != nil || tc.want != "" && fault.CodeOf(err) != tc.want {
					t.Errorf("got %v, want %q", err, tc.want)
				}
			})
		})
	}
}

// first is the error, at the first run only.
func first(n int64, err error) error {
	if n == 1 {
		return err
	}
	return nil
}

// When everything fails, retries must not double the load.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		var n atomic.Int64
		counted(r, &n, func(int64) error { return fault.New(fault.Unavailable, "restarting", "") })
		const calls = 200
		for range calls {
			if err := r.call(context.Background(), "Look"); fault.CodeOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
		}
		if retries := n.Load() - calls; retries < 10 || retries > 10+calls/10 {
			t.Errorf("%d retries of %d calls, want 10 and a tenth of the calls at most", retries, calls)
		}
	})
}

func TestTooManyCalls(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{InFlight: 1})
		entered, release := make(chan struct{}), make(chan struct{})
		r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			entered <- struct{}{}
			<-release
			return &parityv1.ActResponse{}, nil
		}
		done := make(chan error, 1)
		go func() { done <- r.call(context.Background(), "Act") }()
		<-entered
		start := time.Now()
		err := r.call(context.Background(), "Act")
		wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Unavailable, Reason: "too_many_calls"})
		if waited := time.Since(start); waited < time.Second || waited > 4*time.Second {
			t.Errorf("refused after %v, want about a second in the queue", waited)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestCircuit(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		call  func(r *row) error
		opens bool
	}{
		"TimeoutsOpen": {func(r *row) error {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
			defer cancel()
			return r.call(ctx, "Act")
		}, true},
		"CallersThatGoAwayDoNot": {func(r *row) error {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Millisecond, cancel)
			return r.call(ctx, "Act")
		}, false},
		"VerdictsDoNot": {func(r *row) error { return r.call(context.Background(), "Look") }, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				r.look = func(context.Context, *parityv1.LookRequest) (*parityv1.LookResponse, error) {
					return nil, fault.New(fault.Internal, "broken", "")
				}
				r.put = func(context.Context, *parityv1.PutRequest) (*parityv1.PutResponse, error) {
					return &parityv1.PutResponse{}, nil
				}
				for range 30 {
					if err := tc.call(r); err == nil {
						t.Fatal("no error")
					}
				}
				err := r.call(context.Background(), "Put")
				if !tc.opens {
					if err != nil {
						t.Errorf("the circuit opened: %v", err)
					}
					return
				}
				wantCall(t, err, fault.CallError{Method: "Put", Code: fault.Unavailable, Reason: "module_down"})
				opened := time.Now()
				eventually(t, "calls resume", func() bool { return r.call(context.Background(), "Put") == nil })
				if waited := time.Since(opened); waited > 2*time.Second {
					t.Errorf("resumed after %v, want within two seconds", waited)
				}
				if len(r.logs.with(t, "calls stopped")) != 1 || len(r.logs.with(t, "calls resumed")) != 1 {
					t.Errorf("log: %v", r.logs.with(t, ""))
				}
			})
		})
	}
}

// While the module is on trial, callers that go away must not use up the trials.
func TestCircuitTrialsOfCallersThatGoAway(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		var hang atomic.Bool
		hang.Store(true)
		r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			if hang.Load() {
				<-ctx.Done()
			}
			return &parityv1.ActResponse{}, ctx.Err()
		}
		call := func(d time.Duration, cancelled bool) error {
			ctx, cancel := context.WithTimeout(context.Background(), d)
			if cancelled {
				ctx, cancel = context.WithCancel(context.Background())
				time.AfterFunc(d, cancel)
			}
			defer cancel()
			return r.call(ctx, "Act")
		}
		eventually(t, "circuit open", func() bool { return fault.ReasonOf(call(5*time.Millisecond, false)) == "module_down" })
		for range 10 {
			eventually(t, "a trial", func() bool { return fault.CodeOf(call(5*time.Millisecond, true)) == fault.Canceled })
		}
		hang.Store(false)
		if err := call(time.Second, false); err != nil {
			t.Errorf("after ten callers that went away: %v", err)
		}
	})
}

// What failed before a module came back does not stop calls to it: an answer never
// opens the circuit.
func TestCircuitStaysClosedWhenTheModuleIsBack(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		var down atomic.Bool
		down.Store(true)
		r.act = func(ctx context.Context, _ *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			if down.Load() {
				<-ctx.Done()
			}
			return &parityv1.ActResponse{}, ctx.Err()
		}
		for range 6 {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
			if err := r.call(ctx, "Act"); err == nil {
				t.Fatal("no error")
			}
			cancel()
		}
		down.Store(false)
		for i := range 20 {
			if err := r.call(context.Background(), "Act"); err != nil {
				t.Fatalf("answer %d: %v", i, err)
			}
		}
		if lines := r.logs.with(t, "calls stopped"); len(lines) != 0 {
			t.Errorf("log: %v", lines)
		}
	})
}

package rpctest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

// Modules are stopped after Drain, so it must not forget a callee whose caller has
// gone.
func TestDrain(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		var client parityv1.ParityClient
		release := make(chan struct{})
		handler := &fake{act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			<-release
			return &parityv1.ActResponse{}, nil
		}}
		r := rpctest.Connect(t, way, rpc.Options{}, "orders", parityv1.NeedParity(&client), serve(handler))
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if _, err := client.Act(ctx, &parityv1.ActRequest{}); fault.CodeOf(err) != fault.DeadlineExceeded {
			t.Fatal(err)
		}
		if err := r.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v while the callee is at work", err)
		}
		close(release)
		if err := r.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseDisturbsNoCalls(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		var client parityv1.ParityClient
		handler := &fake{act: func(_ context.Context, r *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			return &parityv1.ActResponse{Text: r.GetText()}, nil
		}}
		r := rpctest.Connect(t, way, rpc.Options{}, "orders", parityv1.NeedParity(&client), serve(handler))
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for range 50 {
					if got, err := client.Act(context.Background(), &parityv1.ActRequest{Text: "a"}); err != nil || got.GetText() != "a" {
						t.Errorf("got %v, %v", got, err)
					}
				}
			})
		}
		r.Close()
		callers.Wait()
	})
}

// Package rpctest connects a caller with a module in a test, locally or remotely, and
// holds the suite that runs every promise of the boundary over both ways.
package rpctest

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"app/platform/identity"
	"app/platform/rpc"
)

// Way is how a call travels.
type Way string

// The two ways.
const (
	Local  Way = "local"
	Remote Way = "remote"
)

// Ways are both of them.
func Ways() []Way { return []Way{Local, Remote} }

// Each runs the test once per way, as sub-tests named for it.
func Each(t *testing.T, run func(t *testing.T, way Way)) {
	t.Helper()
	for _, way := range Ways() {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			run(t, way)
		})
	}
}

// Connect binds the caller's dependency to the service and returns the runtime. The
// test fails at its end when a callee is still at work. A missing Signer is made.
func Connect(tb testing.TB, way Way, o rpc.Options, caller string, d rpc.Dependency, s rpc.Service) *rpc.Runtime {
	tb.Helper()
	if o.Signer == nil {
		o.Signer = Signer(tb, time.Now)
	}
	r := rpc.NewRuntime(o)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Drain(ctx); err != nil {
			tb.Error(err)
		}
		r.Close()
	})
	var err error
	if way == Local {
		err = r.BindLocal(caller, d, s)
	} else {
		server := httptest.NewServer(r.Handler(s))
		tb.Cleanup(server.Close)
		err = r.BindRemote(caller, d, server.URL)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Signer makes a signer with a key that all signers of this function share.
func Signer(tb testing.TB, now func() time.Time) *identity.Signer {
	tb.Helper()
	s, err := identity.NewSigner(bytes.Repeat([]byte("k"), 32), now)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

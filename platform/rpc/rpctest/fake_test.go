package rpctest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/platform/fault"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

// fake is a handler of which a test fills in what it needs.
type fake struct {
	act   func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error)
	put   func(context.Context, *parityv1.PutRequest) (*parityv1.PutResponse, error)
	look  func(context.Context, *parityv1.LookRequest) (*parityv1.LookResponse, error)
	place func(context.Context, *parityv1.PlaceRequest) (*parityv1.PlaceResponse, error)
}

func (f *fake) Act(ctx context.Context, r *parityv1.ActRequest) (*parityv1.ActResponse, error) {
	return f.act(ctx, r)
}

func (f *fake) Put(ctx context.Context, r *parityv1.PutRequest) (*parityv1.PutResponse, error) {
	return f.put(ctx, r)
}

func (f *fake) Look(ctx context.Context, r *parityv1.LookRequest) (*parityv1.LookResponse, error) {
	return f.look(ctx, r)
}

func (f *fake) Place(ctx context.Context, r *parityv1.PlaceRequest) (*parityv1.PlaceResponse, error) {
	return f.place(ctx, r)
}

func serve(h parityv1.ParityHandler) rpc.Service {
	return parityv1.ServeParity(func() parityv1.ParityHandler { return h })
}

// row is one promise of the boundary: the module "parity" with a handler, and its
// caller "orders".
type row struct {
	*fake
	client parityv1.ParityClient
	logs   *logs
}

func newRow(t *testing.T, way rpctest.Way, o rpc.Options) *row {
	t.Helper()
	return newRowOver(t, way, o, nil)
}

// newRowOver has a link between the two.
func newRowOver(t *testing.T, way rpctest.Way, o rpc.Options, link rpc.Link) *row {
	t.Helper()
	r := &row{fake: &fake{}, logs: &logs{}}
	o.Logger = slog.New(slog.NewJSONHandler(r.logs, nil))
	rpctest.Connect(t, way, o, "orders", parityv1.NeedParity(&r.client).Over(link), serve(r.fake))
	return r
}

// newRowFor has a callee that answers these callers.
func newRowFor(t *testing.T, way rpctest.Way, callers rpc.Callers) *row {
	t.Helper()
	r := &row{fake: &fake{}, logs: &logs{}}
	o := rpc.Options{Logger: slog.New(slog.NewJSONHandler(r.logs, nil))}
	rpctest.Connect(t, way, o, "orders", parityv1.NeedParity(&r.client), serve(r.fake).For(callers))
	return r
}

// logs keeps the lines of a logger.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// with are the lines with the message.
func (l *logs) with(t *testing.T, message string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []map[string]any
	for line := range strings.Lines(l.text.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if text, _ := record["msg"].(string); strings.Contains(text, message) {
			found = append(found, record)
		}
	}
	return found
}

// wantCall compares an error with the CallError that the caller of a parity method must
// get.
func wantCall(t *testing.T, err error, want fault.CallError) {
	t.Helper()
	got, ok := err.(*fault.CallError) //nolint:errorlint // the very type is promised
	if !ok {
		t.Fatalf("got %T (%v), want *fault.CallError", err, err)
	}
	want.Module = "parity"
	if diff := cmp.Diff(&want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-limit:
			t.Fatal("never happened: " + what)
		case <-tick.C:
		}
	}
}

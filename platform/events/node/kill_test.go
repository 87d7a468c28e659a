//go:build unix

package node_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
	"app/platform/events"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// victim, as the first argument of the test binary, makes it a process that relays and
// kills itself.
const victim = "victim"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == victim {
		die(os.Args[2], os.Args[3])
	}
	_ = flag.Set("rapid.checks", "25") // a few seconds; the command line may ask for more
	eventstest.Main(m)
}

// A process is killed, for real, at each step of an event; another finds what it left.
func TestFailure19_TheProcessIsKilled(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{"after the commit", "in the handler", "after the effect"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			child := exec.CommandContext(t.Context(), os.Args[0], victim, dir, moment)
			out, err := child.CombinedOutput()
			if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
				t.Fatalf("not killed: %v\n%s", err, out)
			}
			recovers(t, openIn(t, dir, "source"), openIn(t, dir, "target"))
		})
	}
}

func recovers(t *testing.T, source, target *database.DB) {
	t.Helper()
	if eventstest.Count(t, source, `events_outbox WHERE state = 0`) == "0" {
		t.Fatal("the killed process left nothing to do")
	}
	eventstest.Start(t, eventstest.NodeOptions(source, []string{"target"}, eventstest.Listener("target", target, eventstest.Recorder("target.a"))))
	deadline, tick := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for eventstest.Count(t, source, `events_outbox WHERE state <> 1`) != "0" {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("events are still unsent")
		}
	}
	want := eventstest.Texts(t, source, `SELECT id FROM events_outbox ORDER BY id`)
	if diff := cmp.Diff(want, eventstest.Texts(t, target, `SELECT event_id FROM test_effects ORDER BY event_id`)); diff != "" || len(want) < 10 {
		t.Errorf("%d events, effects: -want +got\n%s", len(want), diff)
	}
}

func openIn(t testing.TB, dir, name string) *database.DB {
	t.Helper()
	return dbtest.OpenURL(t, "sqlite://"+filepath.Join(dir, name+".db"), eventstest.Tables()...)
}

// die emits 30 events, relays, and does not survive the tenth.
func die(dir, moment string) {
	source, target := must(openVictim(dir, "source")), must(openVictim(dir, "target"))
	var reached atomic.Int64
	at := func(here string) {
		if here == moment && reached.Add(1) == 10 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	listening := must(node.New(node.Options{
		Listeners: []node.Listener{eventstest.Listener("target", target, eventstest.Failing("target.a", func(eventstest.Event) error {
			at("in the handler")
			return nil
		}))},
	}))
	o := eventstest.NodeOptions(source, []string{"target"})
	o.Senders = map[string]node.Sender{"target": eventstest.Sender(func(ctx context.Context, module string, batch []events.Envelope) error {
		err := listening.Accept(ctx, module, batch)
		for range batch {
			at("after the effect")
		}
		return err
	})}
	relaying := must(node.New(o))
	if err := relaying.Start(context.Background()); err != nil {
		panic(err)
	}
	for i := range 30 {
		err := source.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			tx.AfterCommit(func() { at("after the commit") })
			return events.Emit(ctx, tx, events.Key{}, wrapperspb.String(fmt.Sprint(i)))
		})
		if err != nil {
			panic(err)
		}
	}
	select {} // until the signal
}

func openVictim(dir, name string) (*database.DB, error) {
	db, err := database.Open(context.Background(), database.Options{
		Module: "test", URL: "sqlite://" + filepath.Join(dir, name+".db"), Migrations: eventstest.Tables(),
	})
	if err != nil {
		return nil, err
	}
	_, err = migrate.Up(context.Background(), db)
	return db, err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

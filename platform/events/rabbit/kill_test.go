//go:build unix

package rabbit_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/events/node"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

// victim, as the first argument of the test binary, makes it a process that publishes
// and kills itself.
const victim = "victim"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == victim {
		die(os.Args[2], os.Args[3])
	}
	os.Exit(m.Run())
}

// The relay's process is killed when the broker has confirmed events and the outbox
// does not know it yet: they are published again, and have one effect. (eShop#159)
func TestFailure19_TheRelayDiesBetweenPublishAndMark(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	path := "sqlite://" + filepath.Join(t.TempDir(), "source.db")
	source, target := dbtest.OpenURL(t, path, tables()...), open(t)
	want := numbered(100)
	emit(t, source, "a", want...)
	child := exec.CommandContext(t.Context(), os.Args[0], victim, path, url)
	out, err := child.CombinedOutput()
	if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("not killed: %v\n%s", err, out)
	}
	if got := count(t, source, `events_outbox WHERE state = 0`); got != "100" {
		t.Fatalf("%s of 100 rows still wait", got)
	}
	ch := channel(t, connect(t, url))
	confirmed := waiting(t, ch, "souk.emails") // as many as were in the first batch
	if confirmed == 0 {
		t.Fatal("the broker has nothing")
	}
	running(t, emitter(t, url, source, "emails"))
	awaitCount(t, source, pending, 0)
	await(t, "everything again at the broker", func() bool { return waiting(t, ch, "souk.emails") >= confirmed+100 })
	running(t, listener(t, url, "emails", target, record))
	await(t, "the queue to be empty", func() bool { return waiting(t, ch, "souk.emails") == 0 })
	awaitCount(t, target, done, 100)
	if diff := cmp.Diff(want, recorded(t, target)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// die relays until the broker has confirmed a batch, and does not survive that.
func die(path, url string) {
	ctx := context.Background()
	db := must(database.Open(ctx, database.Options{Module: "test", URL: path, Migrations: tables()}))
	p := must(rabbit.NewPublisher(rabbit.Options{URL: url, Topology: topology("emails")}))
	n := must(node.New(node.Options{
		Emitters: []node.Emitter{{Module: "test", DB: db, Routes: map[string][]string{events.TypeOf(&wrapperspb.StringValue{}): {rabbit.Destination}}}},
		Senders:  map[string]node.Sender{rabbit.Destination: deadly{p}},
	}))
	if err := n.Start(ctx); err != nil {
		panic(err)
	}
	select {} // until the signal
}

type deadly struct{ *rabbit.Publisher }

// Send implements node.Sender.
func (d deadly) Send(ctx context.Context, destination string, batch []events.Envelope) error {
	err := d.Publisher.Send(ctx, destination, batch)
	if err == nil {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

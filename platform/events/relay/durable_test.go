//go:build unix

package relay_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// settings lets the tests' account change how the server commits.
const settings = "CREATE DATABASE `@module@` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n" +
	"CREATE USER '@module@'@'%' IDENTIFIED BY '@password@';\nGRANT ALL ON `@module@`.* TO '@module@'@'%';\nGRANT SUPER ON *.* TO '@module@'@'%'"

// A server is killed while the relay hands on an event whose commit was visible and not
// yet on the disk. The event must still be there afterwards: else it told of something
// that never happened. To hold that moment still, the event is committed while the
// server writes no log at commits, and all later commits write it again.
func TestRelay_DatabaseKilledAtHandOver(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t, "--innodb-flush-log-at-timeout=2700")
	url := server.Account(t, "events", settings)
	source, other := dbtest.OpenURL(t, url, eventstest.Tables()...), dbtest.OpenURL(t, url, eventstest.Tables()...)
	var armed atomic.Bool
	handed := make(chan string, 1)
	o := eventstest.NodeOptions(source, []string{"target"})
	o.Senders = map[string]node.Sender{"target": eventstest.Sender(func(_ context.Context, _ string, batch []events.Envelope) error {
		if !armed.CompareAndSwap(true, false) {
			return eventstest.ErrDown // read while the server did not write its log: again
		}
		server.Kill(t)
		handed <- batch[0].ID
		return errors.New("killed meanwhile")
	})}
	relay := eventstest.Begin(t, o)
	awaitRenewal(t, other)
	setGlobal(t, other, "0")
	eventstest.Emit(t, other, "a", "committed, not on the disk")
	setGlobal(t, other, "1")
	armed.Store(true)
	select {
	case id := <-handed:
		server.Restart(t)
		eventstest.Stop(t, relay)
		if diff := cmp.Diff([]string{id}, eventstest.Texts(t, other, `SELECT id FROM events_outbox`)); diff != "" {
			t.Errorf("events in the outbox after the crash (-handed on +kept):\n%s", diff)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was handed on")
	}
}

// awaitRenewal returns when the relay has just renewed its lease: it reads the outbox
// twice before it does so again, which would bring all that is committed to the disk.
func awaitRenewal(t *testing.T, db *database.DB) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	const ends = `SELECT until FROM events_lease`
	for first := eventstest.Texts(t, db, ends); cmp.Equal(first, eventstest.Texts(t, db, ends)); <-tick.C {
	}
}

// setGlobal makes the server write its log at each commit, with 1, or later.
func setGlobal(t *testing.T, db *database.DB, value string) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "SET GLOBAL innodb_flush_log_at_trx_commit = "+value)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

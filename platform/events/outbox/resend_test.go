package outbox_test

import (
	"context"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/eventstest"
	"app/platform/events/outbox"
)

// A listener whose database was restored from a backup gets what it has lost, and
// nobody handles anything twice.
func TestResend(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		eventstest.Emit(t, db, "a", "before the backup")
		<-time.After(time.Second)
		restored := time.Now()
		eventstest.Emit(t, db, "a", "after it")
		eventstest.Emit(t, db, "a", "a secret", events.Sensitive())
		eventstest.EmitAll(t, db, eventstest.Numbered(300)) // more than a batch
		eventstest.Await(t, eventstest.SettleTime, "handled", func() bool {
			return eventstest.Count(t, db, `test_effects`) == "303" && eventstest.Count(t, db, `events_outbox WHERE state = 1`) == "303"
		})
		lose(t, db, `DELETE FROM test_effects WHERE body <> ?`, "before the backup")
		lose(t, db, `DELETE FROM events_inbox WHERE received_at >= ?`, database.Micros(restored))

		n, err := outbox.Resend(t.Context(), db, restored)
		if err != nil || n != 301 {
			t.Fatalf("%d to be sent again, %v", n, err)
		}
		eventstest.AwaitCount(t, "handled again", db, `test_effects`, "302")
		if n, err := outbox.Resend(t.Context(), db, time.Time{}); err != nil || n == 0 {
			t.Fatalf("%d to be sent again, %v", n, err)
		}
		eventstest.AwaitCount(t, "sent", db, `events_outbox WHERE state <> 1`, "0")
		if got := eventstest.Count(t, db, `test_effects`); got != "302" {
			t.Errorf("%s effects, want one of each event but the secret", got)
		}
	})
}

func lose(t *testing.T, db *database.DB, query string, arg any) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, arg)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

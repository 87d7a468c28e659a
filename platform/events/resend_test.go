package events_test

import (
	"context"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/events"
)

// A listener whose database was restored from a backup gets what it has lost, and
// nobody handles anything twice.
func TestResend(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"))))
		emit(t, db, "a", "before the backup")
		<-time.After(time.Second)
		restored := time.Now()
		emit(t, db, "a", "after it")
		emit(t, db, "a", "a secret", events.Sensitive())
		emitAll(t, db, numbered(300)) // more than a batch
		await(t, settleTime, "handled", func() bool {
			return count(t, db, `test_effects`) == "303" && count(t, db, `events_outbox WHERE state = 1`) == "303"
		})
		lose(t, db, `DELETE FROM test_effects WHERE body <> ?`, "before the backup")
		lose(t, db, `DELETE FROM events_inbox WHERE received_at >= ?`, database.Micros(restored))

		n, err := events.Resend(t.Context(), db, restored)
		if err != nil || n != 301 {
			t.Fatalf("%d to be sent again, %v", n, err)
		}
		await(t, settleTime, "handled again", func() bool { return count(t, db, `test_effects`) == "302" })
		if n, err := events.Resend(t.Context(), db, time.Time{}); err != nil || n == 0 {
			t.Fatalf("%d to be sent again, %v", n, err)
		}
		await(t, settleTime, "sent", func() bool { return count(t, db, `events_outbox WHERE state <> 1`) == "0" })
		if got := count(t, db, `test_effects`); got != "302" {
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

package email_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/email"
	"app/modules/emails/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

// A field that the row leaves out would be lost, and fails here.
func TestRows(t *testing.T) {
	t.Parallel()
	email.RowsKeepEverything(t)
}

// An e-mail is claimed as it was queued, with the data that a transport renders from.
func TestClaimedIsWhatWasQueued(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
		want := dbtest.Filled[email.Email](t)
		want.Status, want.Priority, want.DueAt, want.Attempts = email.Queued, email.Normal, at, 1
		var claimed []email.Email
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			err := email.InsertEmail(ctx, tx, want)
			if err == nil {
				claimed, err = email.ClaimDue(ctx, tx, "clm_1", at, time.Minute, 10)
			}
			return err
		})
		want.Status, want.Claim, want.DueAt, want.OfferedAt, want.Attempts = email.Sending, "clm_1", at.Add(time.Minute), time.Time{}, 2
		if diff := cmp.Diff([]email.Email{want}, claimed); err != nil || diff != "" {
			t.Errorf("err %v (-want +got):\n%s", err, diff)
		}
	}, migrations.Files)
}

// While one worker's claim is not committed, another passes over the e-mail (MySQL) or
// waits for the claim and finds nothing (SQLite).
func TestFailure31_TwoClaimsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		due := dbtest.Filled[email.Email](t)
		due.Status, due.Priority, due.DueAt = email.Queued, email.Normal, at
		insert := func(ctx context.Context, tx *database.Tx) error { return email.InsertEmail(ctx, tx, due) }
		if err := db.Write(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
		var first, second int
		var secondErr error
		done := make(chan struct{})
		runs := 0
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			claimed, err := email.ClaimDue(ctx, tx, "clm_1", at, time.Minute, 10)
			first = len(claimed)
			if runs++; runs == 1 && dbtest.Rehearse {
				return err // this run is undone, the next is committed
			}
			go func() {
				defer close(done)
				secondErr = db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
					claimed, err := email.ClaimDue(ctx, tx, "clm_2", at, time.Minute, 10)
					second += len(claimed)
					return err
				})
			}()
			select {
			case <-done:
			case <-time.After(300 * time.Millisecond): // it waits for this transaction
			}
			return err
		})
		<-done
		if err != nil || secondErr != nil || first != 1 || second != 0 {
			t.Errorf("the first worker claimed %d, %v; the second %d, %v", first, err, second, secondErr)
		}
	}, migrations.Files)
}

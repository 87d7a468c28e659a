package factor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"app/modules/users/internal/factor"
	"app/modules/users/internal/store"
	"app/modules/users/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// A code of the authenticator app is good once, and the clock that goes back does not make all
// of them bad.
func TestFault22_GeneratorWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		accept := func(step int64) (ok bool) {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				err := factor.AcceptTOTP(ctx, tx, "usr_1", step)
				if ok = err == nil; errors.Is(err, store.ErrChanged) {
					return nil
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			return factor.InsertTOTP(ctx, tx, factor.TOTP{AccountID: "usr_1", Secret: "sealed", CreatedAt: start})
		})
		if err != nil {
			t.Fatal(err)
		}
		const now, hour = 1000, 120
		for _, tc := range []struct {
			step int64
			want bool
		}{{now, true}, {now, false}, {now - 1, false}, {now - 2, false}, {now + 1, true}, {now - 1, false}, {now - hour, true}, {now - hour, false}, {now - hour + 1, true}} {
			if got := accept(tc.step); got != tc.want {
				t.Errorf("step %d: %t", tc.step, got)
			}
		}
	}, migrations.Files)
}

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, factor.TOTPRowOf, factor.FromTOTPRow)
	dbtest.RoundTrip(t, factor.FromTOTPRow, factor.TOTPRowOf)
	dbtest.RoundTrip(t, factor.PasskeyRowOf, factor.FromPasskeyRow)
	dbtest.RoundTrip(t, factor.FromPasskeyRow, factor.PasskeyRowOf)
}

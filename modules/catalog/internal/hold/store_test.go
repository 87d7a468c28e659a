package hold_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/hold"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/ids"
)

// A field that a row leaves out would be lost, and fails here.
func TestRowsHaveEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, hold.RowOf, hold.HoldOf)
	dbtest.RoundTrip(t, hold.HoldOf, hold.RowOf)
	line := dbtest.Filled[hold.Line](t)
	row := hold.LineRowOf("ord_1", line)
	dbtest.WantFilled(t, row)
	if diff := cmp.Diff(line, hold.LineOf(row)); diff != "" {
		t.Errorf("line after the round trip (-want +got):\n%s", diff)
	}
}

func TestHoldIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		want := dbtest.Filled[hold.Hold](t)
		want.State = hold.Held
		got, err := database.Write(t.Context(), db, func(ctx context.Context, tx *database.Tx) (hold.Hold, error) {
			if err := hold.InsertHold(ctx, tx, want); err != nil {
				return hold.Hold{}, err
			}
			return hold.ReadHold(ctx, tx, want.OrderID)
		})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("err %v, hold (-want +got):\n%s", err, diff)
		}
	}, migrations.Files)
}

// A hold lapses when it is still held and its time has passed, whatever a sweep has
// read before.
func TestLapseHold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for name, c := range map[string]struct {
			state hold.State
			left  time.Duration
			want  bool
		}{
			"held and due":     {hold.Held, 0, true},
			"held with time":   {hold.Held, time.Microsecond, false},
			"sold meanwhile":   {hold.Sold, -time.Hour, false},
			"cancelled":        {hold.Cancelled, -time.Hour, false},
			"released already": {hold.Released, -time.Hour, false},
		} {
			id, ok := ids.New("ord", catalogtest.Start), false
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
				if err := hold.InsertHold(ctx, tx, hold.Hold{OrderID: id, State: c.state, CreatedAt: catalogtest.Start, ExpiresAt: catalogtest.Start.Add(c.left)}); err != nil {
					return err
				}
				ok, err = hold.LapseHold(ctx, tx, id, catalogtest.Start)
				return err
			})
			if err != nil || ok != c.want {
				t.Errorf("%s: lapsed %t (%v), want %t", name, ok, err, c.want)
			}
		}
	}, migrations.Files)
}

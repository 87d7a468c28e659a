package pending_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/users/internal/pending"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here. What
// only statements set and ask for has no field.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, pending.RowOf, pending.FromRow)
	dbtest.RoundTrip(t, pending.FromRow, pending.RowOf, cmpopts.IgnoreFields(pending.Row{}, "Tries", "SpentAt"))
}

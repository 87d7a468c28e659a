package ceremony_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/users/internal/ceremony"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here. What
// only statements set and ask for has no field.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, ceremony.RowOf, ceremony.FromRow)
	dbtest.RoundTrip(t, ceremony.FromRow, ceremony.RowOf, cmpopts.IgnoreFields(ceremony.Row{}, "SpentAt"))
}

package code_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/users/internal/code"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here. What
// only statements set and ask for has no field.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, code.RowOf, code.FromRow)
	dbtest.RoundTrip(t, code.FromRow, code.RowOf, cmpopts.IgnoreFields(code.Row{}, "Tries", "SpentAt"))
}

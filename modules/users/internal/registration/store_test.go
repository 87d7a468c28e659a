package registration_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/users/internal/registration"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here. What
// only statements set and ask for has no field.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, registration.RowOf, registration.FromRow)
	dbtest.RoundTrip(t, registration.FromRow, registration.RowOf, cmpopts.IgnoreFields(registration.Row{}, "Tries", "SpentAt"))
}

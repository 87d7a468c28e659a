package revocation_test

import (
	"testing"

	"app/modules/users/internal/revocation"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, revocation.RowOf, revocation.FromRow)
	dbtest.RoundTrip(t, revocation.FromRow, revocation.RowOf)
}

package audit_test

import (
	"testing"

	"app/modules/users/internal/audit"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, audit.RowOf, audit.FromRow)
	dbtest.RoundTrip(t, audit.FromRow, audit.RowOf)
}

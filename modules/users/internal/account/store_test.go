package account_test

import (
	"testing"

	"app/modules/users/internal/account"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, account.RowOf, account.FromRow)
	dbtest.RoundTrip(t, account.FromRow, account.RowOf)
}

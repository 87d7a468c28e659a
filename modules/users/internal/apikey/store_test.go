package apikey_test

import (
	"testing"

	"app/modules/users/internal/apikey"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, apikey.RowOf, apikey.FromRow)
	dbtest.RoundTrip(t, apikey.FromRow, apikey.RowOf)
}

package merchant_test

import (
	"testing"

	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/merchantsv1"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, merchant.RowOf, merchant.FromRow)
	dbtest.RoundTrip(t, merchant.FromRow, merchant.RowOf)
}

// A field of the reply that nothing is put into is one that was forgotten.
func TestBodyHasEveryField(t *testing.T) {
	t.Parallel()
	v := dbtest.Filled[merchant.View](t)
	v.Role = merchantsv1.Role_ROLE_OWNER
	dbtest.WantFilled(t, merchant.RenderView(v))
}

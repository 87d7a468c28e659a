package cart_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/orders/internal/cart"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, cart.RowOf, cart.FromRow, cmpopts.IgnoreFields(cart.Cart{}, "Lines"))
	dbtest.RoundTrip(t, cart.FromRow, cart.RowOf)
}

// Lines have the currency of their cart, and its id.
func TestRowsKeepEveryFieldOfALine(t *testing.T) {
	t.Parallel()
	line := dbtest.Filled[cart.Line](t)
	if got := cart.LineFromRow(cart.RowOfLine("crt", line), line.Price.Currency); got != line {
		t.Errorf("%+v, want %+v", got, line)
	}
	row := dbtest.Filled[cart.LineRow](t)
	if got := cart.RowOfLine(row.CartID, cart.LineFromRow(row, "EUR")); got != row {
		t.Errorf("%+v, want %+v", got, row)
	}
}

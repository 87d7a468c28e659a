package order_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/order"
	"app/platform/database/dbtest"
	"app/platform/money"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, order.RowOf, order.FromRow, cmpopts.IgnoreFields(order.Order{}, "Lines", "Timeline", "Refunded"))
	dbtest.RoundTrip(t, order.FromRow, order.RowOf)
}

// Lines have the currency of their order, and both lines and entries its id.
func TestRowsKeepEveryFieldOfALine(t *testing.T) {
	t.Parallel()
	line := dbtest.Filled[order.Line](t)
	line.Total.Currency = line.Price.Currency
	if got := order.LineFromRow(order.RowOfLine("ord", 1, line), line.Price.Currency); got != line {
		t.Errorf("%+v, want %+v", got, line)
	}
	row := dbtest.Filled[order.LineRow](t)
	if got := order.RowOfLine(row.OrderID, row.LineNo, order.LineFromRow(row, "EUR")); got != row {
		t.Errorf("%+v, want %+v", got, row)
	}
	entry := dbtest.Filled[order.Entry](t)
	if got := order.EntryFromRow(order.RowOfEntry("ord", entry)); got != entry {
		t.Errorf("%+v, want %+v", got, entry)
	}
	entryRow := dbtest.Filled[order.EntryRow](t)
	if got := order.RowOfEntry(entryRow.OrderID, order.EntryFromRow(entryRow)); got != entryRow {
		t.Errorf("%+v, want %+v", got, entryRow)
	}
}

// What a view has and its body leaves out fails here.
func TestEveryFieldOfAnOrderIsOnTheWire(t *testing.T) {
	t.Parallel()
	dbtest.WantFilled(t, order.BodyOf(dbtest.Filled[order.View](t)))
}

func TestEveryFieldOfAnOrderIsInItsEvents(t *testing.T) {
	t.Parallel()
	dbtest.WantFilled(t, order.MessageOf(dbtest.Filled[order.Order](t)))
}

// What catalog says of a product is copied: it may be another one tomorrow.
func TestEveryFieldOfAHeldProductIsInItsLine(t *testing.T) {
	t.Parallel()
	line, err := order.LineOf(dbtest.Filled[*catalogv1.Product](t), 2, dbtest.Filled[money.Money](t))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.WantFilled(t, line)
}

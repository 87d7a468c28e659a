package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/orders/internal/store"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, store.RowOfCart, store.CartOfRow, cmpopts.IgnoreFields(store.Cart{}, "Lines"))
	dbtest.RoundTrip(t, store.CartOfRow, store.RowOfCart)
	dbtest.RoundTrip(t, store.RowOfOrder, store.OrderOfRow, cmpopts.IgnoreFields(store.Order{}, "Lines", "Timeline", "Refunded"))
	dbtest.RoundTrip(t, store.OrderOfRow, store.RowOfOrder)
}

// Lines have the currency of what they are lines of, and its id.
func TestRowsKeepEveryFieldOfALine(t *testing.T) {
	t.Parallel()
	cartLine := dbtest.Filled[store.CartLine](t)
	dbtest.RoundTrip(t, func(r store.CartLineRow) store.CartLine { return store.CartLineOfRow(r, "EUR") },
		func(l store.CartLine) store.CartLineRow { return store.RowOfCartLine("v1", l) })
	if got := store.CartLineOfRow(store.RowOfCartLine("crt", cartLine), cartLine.Price.Currency); got != cartLine {
		t.Errorf("%+v, want %+v", got, cartLine)
	}
	line := dbtest.Filled[store.Line](t)
	line.Total.Currency = line.Price.Currency
	dbtest.RoundTrip(t, func(r store.LineRow) store.Line { return store.LineOfRow(r, "EUR") },
		func(l store.Line) store.LineRow { return store.RowOfLine("v1", 2, l) })
	if got := store.LineOfRow(store.RowOfLine("ord", 1, line), line.Price.Currency); got != line {
		t.Errorf("%+v, want %+v", got, line)
	}
	entry := dbtest.Filled[store.Entry](t)
	dbtest.RoundTrip(t, store.EntryOfRow, func(e store.Entry) store.EntryRow { return store.RowOfEntry("v1", e) })
	if got := store.EntryOfRow(store.RowOfEntry("ord", entry)); got != entry {
		t.Errorf("%+v, want %+v", got, entry)
	}
}

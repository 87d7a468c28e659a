package product_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/status"
	"app/platform/database/dbtest"
	"app/platform/ids"
)

// A field that a row leaves out would be lost, and fails here.
func TestRowHasEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, product.RowOf, product.ProductOf, cmpopts.IgnoreFields(product.Product{}, "Archived", "Stock"))
	archivedAt := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "ArchivedAt" }, cmp.Ignore())
	attributes := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Attributes" }, cmp.Ignore()) // not JSON when filled
	dbtest.RoundTrip(t, product.ProductOf, product.RowOf, archivedAt, attributes)
}

func TestReplyHasEveryField(t *testing.T) {
	t.Parallel()
	p := dbtest.Filled[product.Product](t)
	p.Stock.OnHand += 100
	dbtest.WantFilled(t, product.NewBody(p, time.Now()))
}

func TestMessageHasEveryField(t *testing.T) {
	t.Parallel()
	p := dbtest.Filled[product.Product](t)
	p.Stock.OnHand += 100
	dbtest.WantFilled(t, product.MessageOf(p))
}

// What a client sends of a new product is kept.
func TestDraftHasEveryField(t *testing.T) {
	t.Parallel()
	d := product.DraftOf(dbtest.Filled[product.CreateBody](t))
	dbtest.WantFilled(t, d)
	d.MerchantID, d.Price.Currency, d.Status = ids.New("mrc", time.Now()), "EUR", status.Draft
	d.CompareAt.Amount, d.CompareAt.Currency = d.Price.Amount+1, "EUR"
	p, err := d.ToProduct("prd", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dbtest.WantFilled(t, p, "Archived", "CategoryIDs", "Attributes", "Lowest30Days", "Stock.Held", "Stock.HeldGuests", "Stock.Sold")
}

// Everything can be changed but whose product it is, and since when.
func TestChangeHasEveryField(t *testing.T) {
	t.Parallel()
	change := product.ChangeOf(dbtest.Filled[product.ChangeBody](t))
	dbtest.WantFilled(t, change.ApplyTo(product.Product{}), "ID", "MerchantID", "Version", "CreatedAt", "Archived", "CategoryIDs", "Attributes", "PriceSince", "Lowest30Days",
		"Stock.ProductID", "Stock.OnHand", "Stock.Held", "Stock.HeldGuests", "Stock.Sold", "Stock.Version")
}

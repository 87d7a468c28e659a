package product

import (
	"time"

	"app/platform/database"
)

// What the tests of rows and of wire forms compare, and what they call below the
// service.
var (
	RowOf        = productRowOf
	NewBody      = newBody
	ListProducts = listProducts
	ListedByID   = listedByID
	Update       = updateProduct
	DraftOf      = createInputBody.toDraft
	ChangeOf     = changeInputBody.toChange
)

// What clients send.
type (
	CreateBody = createInputBody
	ChangeBody = changeInputBody
)

// ToProduct is the product that a draft is of.
func (d Draft) ToProduct(id string, now time.Time) (Product, error) { return d.toProduct(id, now) }

// ApplyTo is a product after the change.
func (c *Change) ApplyTo(p Product) Product { return c.applyTo(p) }

// ProductOf is the product of a row.
func ProductOf(r productRow) Product { return r.toProduct() }

// Statement is the SQL of ListProducts.
func (f Filter) Statement(on database.Engine) (string, []any) {
	return f.buildQuery(on, selectProducts, "20")
}

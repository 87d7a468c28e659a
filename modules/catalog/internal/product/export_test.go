package product

import "app/platform/database"

// What the tests of rows and of wire forms compare, and what they call below the
// service.
var (
	RowOf        = productRowOf
	NewBody      = newBody
	ListProducts = listProducts
	ListedByID   = listedByID
	Update       = updateProduct
)

// ProductOf is the product of a row.
func ProductOf(r productRow) Product { return r.toProduct() }

// Statement is the SQL of ListProducts.
func (f Filter) Statement(on database.Engine) (string, []any) {
	return f.buildQuery(on, selectProducts, "20")
}

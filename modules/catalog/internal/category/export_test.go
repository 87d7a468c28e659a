package category

// What the tests of rows and of wire forms compare, and what they call below the
// service.
var (
	RowOf       = categoryRowOf
	InTreeOrder = inTreeOrder
	DraftOf     = createCategoryBody.toDraft
	ChangeOf    = changeCategoryBody.toChange
	Render      = renderCategory
	Insert      = insertCategory
)

// What clients send.
type (
	CreateBody = createCategoryBody
	ChangeBody = changeCategoryBody
)

// OfRow is the category of a row.
func OfRow(r categoryRow) Category { return r.toCategory() }

// ValidateMove says why the category cannot have the path.
func (c Category) ValidateMove(path, deepest string) error { return c.validateMove(path, deepest) }

// ApplyTo is a category after the change.
func (c Change) ApplyTo(to Category) (Category, error) { return c.applyTo(to) }

package collection

// What the tests of rows and of wire forms compare, and what they call below the
// service.
var (
	RowOf         = collectionRowOf
	DraftOf       = createCollectionBody.toDraft
	ChangeOf      = changeCollectionBody.toChange
	Render        = renderCollection
	Insert        = insertCollection
	ReplacePlaces = replacePlaces
)

// What clients send.
type (
	CreateBody = createCollectionBody
	ChangeBody = changeCollectionBody
)

// OfRow is the collection of a row.
func OfRow(r collectionRow) Collection { return r.toCollection() }

// ApplyTo is a collection after the change.
func (c Change) ApplyTo(to Collection) (Collection, error) { return c.applyTo(to) }

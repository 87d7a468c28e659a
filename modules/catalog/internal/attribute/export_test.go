package attribute

import "encoding/json"

// What the tests of rows, of wire forms and of values compare, and what they call below
// the service.
var (
	RowOf        = attributeRowOf
	ValueRowOf   = valueRowOf
	DraftOf      = createAttributeBody.toDraft
	ChangeOf     = changeAttributeBody.toChange
	Render       = renderAttribute
	Insert       = insertAttribute
	ParseNumber  = parseNumber
	FormatNumber = formatNumber
)

// What clients send.
type (
	CreateBody = createAttributeBody
	ChangeBody = changeAttributeBody
)

// OfRow is the attribute of a row.
func OfRow(r attributeRow) Attribute { return r.toAttribute() }

// ApplyTo is an attribute after the change.
func (c Change) ApplyTo(to Attribute) (Attribute, error) { return c.applyTo(to) }

// ParseValue reads a value that a client sent.
func (a Attribute) ParseValue(raw string) (Value, error) { return a.parseValue(json.RawMessage(raw)) }

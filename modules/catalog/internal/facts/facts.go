// Package facts is what products have for attributes: values, each as JSON, by the codes
// of their attributes, in one column of the product's own row.
package facts

import "encoding/json"

// Join is the values in one column: a JSON object, empty for none.
func Join(values map[string]string) string {
	if len(values) == 0 {
		return ""
	}
	raw, _ := json.Marshal(values) // strings always encode
	return string(raw)
}

// Split is the values of a column, nil for none.
func Split(column string) map[string]string {
	if column == "" {
		return nil
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(column), &out); err != nil {
		return nil // nobody but Join writes the column
	}
	return out
}

// none is what a product without any shows. Nobody changes it.
var none = map[string]json.RawMessage{}

// Render is the values as clients see them.
func Render(values map[string]string) map[string]json.RawMessage {
	if len(values) == 0 {
		return none
	}
	out := make(map[string]json.RawMessage, len(values))
	for code, value := range values {
		out[code] = json.RawMessage(value)
	}
	return out
}

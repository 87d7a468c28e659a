package product

import (
	"context"
	"encoding/json"

	"app/platform/database"
)

// SetAttributes writes the attributes of the version of a listed product that was read,
// each value as JSON by its code, and returns the next version. The error is
// database.ErrChanged when the one that was read has been overtaken.
func SetAttributes(ctx context.Context, tx *database.Tx, p Product, attributes map[string]string) (Product, error) {
	row := productRow{Attributes: joinAttributes(attributes)}
	err := expectOne(tx.Bun().NewUpdate().Model(&row).Column("attributes").Set("version = version + 1").
		Where("id = ? AND version = ? AND archived_at = 0", p.ID, p.Version).Exec(ctx))
	p.Attributes = attributes
	p.Version++
	return p, err
}

// joinAttributes is the attributes in one column: a JSON object, empty for none.
func joinAttributes(attributes map[string]string) string {
	if len(attributes) == 0 {
		return ""
	}
	raw, _ := json.Marshal(attributes) // strings always encode
	return string(raw)
}

// splitAttributes is the attributes of a column, nil for none.
func splitAttributes(column string) map[string]string {
	if column == "" {
		return nil
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(column), &out); err != nil {
		return nil // nobody but joinAttributes writes the column
	}
	return out
}

// noAttributes is what a product without any shows. Nobody changes it.
var noAttributes = map[string]json.RawMessage{}

func renderAttributes(attributes map[string]string) map[string]json.RawMessage {
	if len(attributes) == 0 {
		return noAttributes
	}
	out := make(map[string]json.RawMessage, len(attributes))
	for code, value := range attributes {
		out[code] = json.RawMessage(value)
	}
	return out
}

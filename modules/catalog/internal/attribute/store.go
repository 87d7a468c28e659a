package attribute

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// attributeRow is an attribute in the database.
type attributeRow struct {
	bun.BaseModel `bun:"table:catalog_attributes,alias:a"`

	ID         string             `bun:"id,pk"`
	MerchantID string             `bun:"merchant_id"`
	Code       string             `bun:"code"`
	Name       string             `bun:"name"`
	Kind       string             `bun:"kind"`
	Choices    string             `bun:"choices"` // with line breaks between them
	Unit       string             `bun:"unit"`
	Filterable bool               `bun:"filterable"`
	Version    int64              `bun:"version"`
	CreatedAt  database.Timestamp `bun:"created_at"`
}

var attributes = database.ModelOf[attributeRow]()

func attributeRowOf(a Attribute) attributeRow {
	return attributeRow{
		ID: a.ID, MerchantID: a.MerchantID, Code: a.Code, Name: a.Name, Kind: string(a.Kind), Choices: joinChoices(a.Choices), Unit: a.Unit,
		Filterable: a.Filterable, Version: a.Version, CreatedAt: database.Timestamp{Time: a.CreatedAt},
	}
}

func (r attributeRow) toAttribute() Attribute {
	return Attribute{
		ID: r.ID, MerchantID: r.MerchantID, Code: r.Code, Name: r.Name, Kind: Kind(r.Kind), Choices: splitChoices(r.Choices), Unit: r.Unit,
		Filterable: r.Filterable, Version: r.Version, CreatedAt: r.CreatedAt.Time,
	}
}

// valueRow is what a product has for an attribute.
type valueRow struct {
	bun.BaseModel `bun:"table:catalog_attribute_values,alias:v"`

	OwnerID     string `bun:"owner_id,pk"`
	AttributeID string `bun:"attribute_id,pk"`
	Value       string `bun:"value"`
	Number      int64  `bun:"number"`
}

var values = database.ModelOf[valueRow]()

func valueRowOf(ownerID string, v Value) valueRow {
	return valueRow{OwnerID: ownerID, AttributeID: v.AttributeID, Value: v.Text, Number: v.Number}
}

// lockOwner makes transactions that declare attributes of one merchant, or of the shop,
// wait for each other, from here to their ends.
func lockOwner(ctx context.Context, tx *database.Tx, merchantID string) error {
	return tx.Lock(ctx, "catalog_locks", "att:"+merchantID)
}

// countOwned counts the attributes of a merchant, or of the shop.
func countOwned(ctx context.Context, q *database.Tx, merchantID string) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM catalog_attributes WHERE merchant_id = ?`, merchantID).Scan(&n)
	return n, database.Found("count of attributes", err)
}

// attributeByID reads an attribute. The error is database.ErrNotFound when there is
// none.
func attributeByID(ctx context.Context, q *database.Tx, id string) (Attribute, error) {
	row, err := attributes.Get(ctx, q, "attribute", "WHERE a.id = ?", id)
	return row.toAttribute(), err
}

// listAttributes reads the attributes of a merchant, or of the shop, the oldest first.
func listAttributes(ctx context.Context, q *database.Tx, f Query) ([]Attribute, error) {
	rows, err := attributes.List(ctx, q, "attributes", "WHERE a.merchant_id = ? AND a.id > ? ORDER BY a.id LIMIT ?",
		f.MerchantID, f.After, f.Limit)
	return toAttributes(rows), err
}

func toAttributes(rows []attributeRow) []Attribute {
	out := make([]Attribute, len(rows))
	for i, r := range rows {
		out[i] = r.toAttribute()
	}
	return out
}

// insertAttribute adds an attribute. The error is database.ErrDuplicate when the id
// exists or the code is taken.
func insertAttribute(ctx context.Context, tx *database.Tx, a Attribute) error {
	return attributes.Insert(ctx, tx, "attribute", attributeRowOf(a))
}

// updateAttribute writes what can change over the version that was read. The error is
// database.ErrChanged when that is not the current one.
func updateAttribute(ctx context.Context, tx *database.Tx, a Attribute) error {
	return tx.One(ctx, "update attribute", `UPDATE catalog_attributes
		SET name = ?, choices = ?, unit = ?, filterable = ?, version = version + 1 WHERE id = ? AND version = ?`,
		a.Name, joinChoices(a.Choices), a.Unit, a.Filterable, a.ID, a.Version)
}

// lockForCodes reads the attributes of the merchant and of the shop that have one of the
// codes, and keeps them as they are until the end of the transaction.
func lockForCodes(ctx context.Context, tx *database.Tx, merchantID string, codes []string) ([]Attribute, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	slices.Sort(codes)
	var rows []attributeRow
	query := tx.Bun().NewSelect().Model(&rows).
		Where("a.merchant_id IN ('', ?)", merchantID).Where("a.code IN (?)", bun.List(codes)).OrderExpr("a.id")
	if tx.Engine() == database.MySQL {
		query.For("UPDATE")
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("lock attributes: %w", err)
	}
	return toAttributes(rows), nil
}

// replaceValues gives a product these values and no others.
func replaceValues(ctx context.Context, tx *database.Tx, ownerID string, given map[string]Value) error {
	if _, err := tx.Exec(ctx, `DELETE FROM catalog_attribute_values WHERE owner_id = ?`, ownerID); err != nil {
		return fmt.Errorf("delete values: %w", err)
	}
	rows := make([]valueRow, 0, len(given))
	for _, v := range given {
		rows = append(rows, valueRowOf(ownerID, v))
	}
	return values.Insert(ctx, tx, "values", rows...)
}

// usedChoice is one of the choices that a listed product has, empty when none does.
func usedChoice(ctx context.Context, q *database.Tx, attributeID string, choices []string) (string, error) {
	if len(choices) == 0 {
		return "", nil
	}
	var used []string
	err := q.Bun().NewSelect().TableExpr("catalog_attribute_values AS v").Column("v.value").
		Join("JOIN catalog_products AS p ON p.id = v.owner_id").
		Where("v.attribute_id = ? AND p.archived_at = 0", attributeID).Where("v.value IN (?)", bun.List(choices)).Limit(1).Scan(ctx, &used)
	if err != nil || len(used) == 0 {
		return "", database.Found("use of choices", err)
	}
	return used[0], nil
}

package collection

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// collectionRow is a collection in the database.
type collectionRow struct {
	bun.BaseModel `bun:"table:catalog_collections,alias:c"`

	ID         string             `bun:"id,pk"`
	MerchantID string             `bun:"merchant_id"`
	Name       string             `bun:"name"`
	Slug       string             `bun:"slug"`
	Version    int64              `bun:"version"`
	CreatedAt  database.Timestamp `bun:"created_at"`
}

var collections = database.ModelOf[collectionRow]()

func collectionRowOf(c Collection) collectionRow {
	return collectionRow{
		ID: c.ID, MerchantID: c.MerchantID, Name: c.Name, Slug: c.Slug, Version: c.Version,
		CreatedAt: database.Timestamp{Time: c.CreatedAt},
	}
}

func (r collectionRow) toCollection() Collection {
	return Collection{
		ID: r.ID, MerchantID: r.MerchantID, Name: r.Name, Slug: r.Slug, Version: r.Version, CreatedAt: r.CreatedAt.Time,
	}
}

// placeRow is the place of a product in a collection.
type placeRow struct {
	bun.BaseModel `bun:"table:catalog_collection_products,alias:g"`

	CollectionID string `bun:"collection_id,pk"`
	ProductID    string `bun:"product_id,pk"`
	Position     int64  `bun:"position"`
}

var places = database.ModelOf[placeRow]()

// collectionByID reads a collection. The error is database.ErrNotFound when there is
// none.
func collectionByID(ctx context.Context, q *database.Tx, id string) (Collection, error) {
	row, err := collections.Get(ctx, q, "collection", "WHERE c.id = ?", id)
	return row.toCollection(), err
}

// listCollections reads collections before an id, the newest first, those of one
// merchant unless merchantID is empty. An empty id begins with the newest.
func listCollections(ctx context.Context, q *database.Tx, f Query) ([]Collection, error) {
	var rows []collectionRow
	query := q.Bun().NewSelect().Model(&rows).OrderExpr("c.id DESC").Limit(int64(f.Limit))
	if f.MerchantID != "" {
		query.Where("c.merchant_id = ?", f.MerchantID)
	}
	if f.Before != "" {
		query.Where("c.id < ?", f.Before)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list collections: %w", err)
	}
	out := make([]Collection, len(rows))
	for i, r := range rows {
		out[i] = r.toCollection()
	}
	return out, nil
}

// insertCollection adds a collection. The error is database.ErrDuplicate when the id
// exists or the slug is taken.
func insertCollection(ctx context.Context, tx *database.Tx, c Collection) error {
	return collections.Insert(ctx, tx, "collection", collectionRowOf(c))
}

// updateCollection writes name and slug over the version that was read. The error is
// database.ErrChanged when that is not the current one, database.ErrDuplicate when the
// slug is taken.
func updateCollection(ctx context.Context, tx *database.Tx, c Collection) error {
	err := tx.One(ctx, "update collection",
		`UPDATE catalog_collections SET name = ?, slug = ?, version = version + 1 WHERE id = ? AND version = ?`,
		c.Name, c.Slug, c.ID, c.Version)
	if database.IsDuplicate(err) {
		return database.ErrDuplicate
	}
	return err
}

// deleteCollection deletes the version of a collection that was read. The error is
// database.ErrChanged when that is not the current one.
func deleteCollection(ctx context.Context, tx *database.Tx, c Collection) error {
	err := tx.One(ctx, "delete collection", `DELETE FROM catalog_collections WHERE id = ? AND version = ?`, c.ID, c.Version)
	if err != nil {
		return err
	}
	return replacePlaces(ctx, tx, c.ID, nil)
}

// replacePlaces gives a collection these products, in their order, and no others.
func replacePlaces(ctx context.Context, tx *database.Tx, id string, productIDs []string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM catalog_collection_products WHERE collection_id = ?`, id); err != nil {
		return fmt.Errorf("delete products of collection: %w", err)
	}
	rows := make([]placeRow, len(productIDs))
	for i, productID := range productIDs {
		rows[i] = placeRow{CollectionID: id, ProductID: productID, Position: int64(i)}
	}
	return places.Insert(ctx, tx, "products of collection", rows...)
}

// listedOf are those of the products that the merchant lists.
func listedOf(ctx context.Context, q *database.Tx, merchantID string, productIDs []string) (listed []string, err error) {
	if len(productIDs) == 0 {
		return nil, nil
	}
	err = q.Bun().NewSelect().Table("catalog_products").Column("id").
		Where("id IN (?)", bun.List(productIDs)).Where("merchant_id = ? AND archived_at = 0", merchantID).Scan(ctx, &listed)
	if err != nil {
		return nil, fmt.Errorf("read products of collection: %w", err)
	}
	return listed, nil
}

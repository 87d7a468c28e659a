package product

import (
	"context"
	"errors"
	"strconv"

	"app/platform/database"
	"app/platform/fault"
)

// listCollection reads the listed products of a collection in its order. Where a page
// begins is behind the product that ended the page before, wherever that is by now; if
// it is not in the collection any more the cursor is none.
func (s *Service) listCollection(ctx context.Context, f Filter) ([]Product, error) {
	return database.Read(ctx, s.DB, func(ctx context.Context, tx *database.Tx) ([]Product, error) {
		behind := int64(-1)
		if f.Before.ID != "" {
			var err error
			behind, err = positionIn(ctx, tx, f.CollectionID, f.Before.ID)
			if errors.Is(err, database.ErrNotFound) {
				return nil, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is of a product that is not in the collection any more"})
			}
			if err != nil {
				return nil, err
			}
		}
		query, args := f.buildCollectionQuery(behind)
		return readProducts(ctx, tx, query, args...)
	})
}

// positionIn is where a product is in a collection. The error is database.ErrNotFound
// when it is not in it.
func positionIn(ctx context.Context, q *database.Tx, collectionID, productID string) (at int64, err error) {
	err = q.QueryRow(ctx, `SELECT position FROM catalog_collection_products WHERE collection_id = ? AND product_id = ?`,
		collectionID, productID).Scan(&at)
	return at, database.Found("place in collection", err)
}

// buildCollectionQuery puts the statement together as buildQuery does. It looks at no
// more products than a collection has.
func (f Filter) buildCollectionQuery(behind int64) (string, []any) {
	var c conditions
	c.addCondition(`g.collection_id = ? AND g.position > ? AND p.archived_at = 0 AND p.public_from <= ?`, f.CollectionID, behind, f.atMicros())
	if f.MerchantID != "" {
		c.addCondition(`p.merchant_id = ?`, f.MerchantID)
	}
	if f.CategoryID != "" {
		c.addCondition(`EXISTS (SELECT 1 FROM catalog_category_listings l
			WHERE l.category_id = ? AND l.created_at = p.created_at AND l.product_id = p.id)`, f.CategoryID)
	}
	for _, word := range f.Words {
		c.addWordMatch(word)
	}
	return selectProducts + ` JOIN catalog_collection_products g ON g.product_id = p.id WHERE ` + c.text +
		` ORDER BY g.position LIMIT ` + strconv.Itoa(f.Limit), c.args
}

package product

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"

	"app/modules/catalog/internal/sku"
	"app/modules/catalog/internal/slugs"
	"app/modules/catalog/internal/stock"
	"app/platform/database"
)

var (
	// The id of a product is that of its stock, and is read once.
	stockColumns   = strings.TrimPrefix(stock.Rows.Columns(), "s.product_id, ")
	productTables  = ` FROM catalog_products p JOIN catalog_stock s ON s.product_id = p.id`
	selectProducts = `SELECT ` + products.Columns() + `, ` + stockColumns + productTables

	// The hottest read of the shop: what is known already is not asked for.
	selectListed = `SELECT ` + strings.TrimPrefix(products.Columns(), "p.id, p.archived_at, ") + `, ` + stockColumns + productTables +
		` WHERE p.id = ? AND p.archived_at = 0`

	selectProduct      = selectProducts + ` WHERE p.id = ?`
	selectProductBySKU = selectProducts + ` WHERE p.merchant_id = ? AND p.sku_key = ?`
	selectProductsIn   = selectProducts + ` WHERE p.id IN `
)

// joinedRow is a row of selectProducts.
type joinedRow struct {
	product productRow
	stock   stock.Row
	fields  []any // where it is scanned into; each scan replaces every one
}

// joinedRows are for the next reads: a row and its fields are most of what a read of one
// product would allocate.
var joinedRows sync.Pool

func borrowRow() *joinedRow {
	if row, ok := joinedRows.Get().(*joinedRow); ok {
		return row
	}
	row := &joinedRow{}
	row.fields = append(products.Fields(&row.product), stock.Rows.Fields(&row.stock)[1:]...)
	return row
}

func (r *joinedRow) toProduct() Product {
	p := r.product.toProduct()
	r.stock.ProductID = p.ID
	p.Stock = r.stock.Stock()
	return p
}

// Insert adds a listed product without its stock. The error is database.ErrDuplicate
// when the id exists, or the merchant lists the sku, in this spelling or another,
// the external id or the slug.
func Insert(ctx context.Context, tx *database.Tx, p Product) error {
	row := productRowOf(p)
	row.Version = 1
	return sku.RetryAfterFreeing(ctx, tx, p.MerchantID, p.SKU, func() error {
		_, err := tx.Bun().NewInsert().Model(&row).
			Value("sku_key", "?", p.SKU).Value("sku_fold", "?", sku.Fold(p.SKU)).Value("search", "?", SearchText(p)).
			Value("external_key", "NULLIF(?, '')", p.ExternalID).Value("slug_key", "NULLIF(?, '')", p.Slug).Exec(ctx)
		return database.Inserted("product", err)
	})
}

// insertWithSlug adds a product as Insert does, and returns it with its slug: the one
// that was given, or one made of its title that the merchant lists no other product
// under.
func insertWithSlug(ctx context.Context, tx *database.Tx, p Product) (Product, error) {
	if p.Slug != "" {
		return p, Insert(ctx, tx, p)
	}
	of := slugs.Product{ID: p.ID, MerchantID: p.MerchantID, Title: p.Title}
	_, err := slugs.WriteFree(ctx, tx, of, func(free string) error {
		p.Slug = free
		return Insert(ctx, tx, p)
	})
	return p, err
}

// updateProduct writes next over the version of a listed product that was read before.
// The error is database.ErrChanged when that is not the current version any more, and
// database.ErrDuplicate when the merchant lists the sku, the external id or the slug
// already.
func updateProduct(ctx context.Context, tx *database.Tx, before, next Product) error {
	row := productRowOf(next)
	return sku.RetryAfterFreeing(ctx, tx, next.MerchantID, next.SKU, func() error {
		update := tx.Bun().NewUpdate().Model(&row).
			ExcludeColumn("id", "merchant_id", "created_at", "archived_at", "version").
			Set("sku_key = ?", next.SKU).Set("search = ?", SearchText(next)).Set("external_key = NULLIF(?, '')", next.ExternalID).
			Set("slug_key = NULLIF(?, '')", next.Slug).Set("version = version + 1").
			Where("id = ? AND version = ? AND archived_at = 0", next.ID, before.Version)
		if next.SKU != before.SKU { // a sku that stays keeps what it has, which may be nothing
			update.Set("sku_fold = ?", sku.Fold(next.SKU))
		}
		return expectOne(update.Exec(ctx))
	})
}

// archiveProduct takes the version of a listed product that was read off sale. The
// error is database.ErrChanged when that is not the current version.
func archiveProduct(ctx context.Context, tx *database.Tx, p Product, at time.Time) error {
	err := expectOne(tx.Bun().NewUpdate().Model((*productRow)(nil)).
		Set("archived_at = ?", database.Micros(at)).Set("version = version + 1").
		Set("sku_key = id").Set("sku_fold = NULL").Set("external_key = NULL").Set("slug_key = NULL").
		Where("id = ? AND version = ? AND archived_at = 0", p.ID, p.Version).Exec(ctx))
	if err != nil || len(p.CategoryIDs) == 0 {
		return err
	}
	return unlistProduct(ctx, tx, p.ID)
}

// byID reads a product, archived or not. The error is database.ErrNotFound when there
// is none.
func byID(ctx context.Context, q *database.Tx, id string) (Product, error) {
	return readOne(ctx, q, selectProduct, id)
}

// bySKU reads the product that the merchant lists under the sku. The error is
// database.ErrNotFound when there is none.
func bySKU(ctx context.Context, q *database.Tx, merchantID, sku string) (Product, error) {
	return readOne(ctx, q, selectProductBySKU, merchantID, sku)
}

func readOne(ctx context.Context, q *database.Tx, query string, args ...any) (Product, error) {
	row := borrowRow()
	defer joinedRows.Put(row)
	if err := q.QueryRow(ctx, query, args...).Scan(row.fields...); err != nil {
		return Product{}, database.Found("product", err)
	}
	return row.toProduct(), nil
}

// listedByID reads a product that is not archived. The error is database.ErrNotFound
// when there is none.
func listedByID(ctx context.Context, q *database.Tx, id string) (Product, error) {
	row := borrowRow()
	defer joinedRows.Put(row)
	row.product.ID, row.product.ArchivedAt = id, 0
	if err := q.QueryRow(ctx, selectListed, id).Scan(row.fields[2:]...); err != nil {
		return Product{}, database.Found("product", err)
	}
	return row.toProduct(), nil
}

// ByIDs reads those of the products that exist, archived or not.
func ByIDs(ctx context.Context, q *database.Tx, ids []string) (map[string]Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys, args := anyOf(ids)
	list, err := readProducts(ctx, q, selectProductsIn+keys, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Product, len(list))
	for _, p := range list {
		out[p.ID] = p
	}
	return out, nil
}

func readProducts(ctx context.Context, q *database.Tx, query string, args ...any) ([]Product, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	defer rows.Close()
	var list []Product
	row := borrowRow()
	defer joinedRows.Put(row)
	for rows.Next() {
		if err := rows.Scan(row.fields...); err != nil {
			return nil, fmt.Errorf("list products: %w", err)
		}
		list = append(list, row.toProduct())
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	return list, nil
}

// anyOf is "(?, ?, ...)" for the keys. The list is filled up to a power of two by
// repeating the last key, so that there are few distinct statements to prepare. keys
// must not be empty.
func anyOf(keys []string) (list string, args []any) {
	size := 1
	for size < len(keys) {
		size *= 2
	}
	args = make([]any, size)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return "(" + strings.Repeat("?, ", size-1) + "?)", args
}

// expectOne names the outcome of an update of one product: database.ErrDuplicate when
// the merchant lists a name of it, database.ErrChanged when no row matched.
func expectOne(result sql.Result, err error) error {
	if database.IsDuplicate(err) {
		return database.ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("update product: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("update product: %w", err)
	}
	if n == 0 {
		return database.ErrChanged
	}
	return nil
}

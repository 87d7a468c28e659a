package store

import (
	"context"
	"time"

	"app/platform/database"
	"app/platform/money"
)

// Product is what a merchant sells, with its stock.
type Product struct {
	ID          string
	MerchantID  string
	Title       string
	Description string
	SKU         string
	Price       money.Money
	// Version counts the changes of the product itself, from 1; its stock has a version
	// of its own.
	Version   int64
	CreatedAt time.Time
	// Archived products are not sold any more; orders may still name them.
	Archived bool
	// MinQuantity and MaxQuantity bound the units of one order.
	MinQuantity, MaxQuantity int64
	Stock                    Stock
}

const (
	productFields = `p.merchant_id, p.title, p.description, p.sku, p.price_amount, p.currency, p.version, p.created_at, p.min_quantity, p.max_quantity,
	s.on_hand, s.held, s.held_guests, s.sold, s.low_threshold, s.version`
	productTables  = ` FROM catalog_products p JOIN catalog_stock s ON s.product_id = p.id`
	selectProducts = `SELECT p.id, p.archived_at, ` + productFields + productTables

	// The hottest read of the shop: what is known already is not asked for.
	selectListed = `SELECT ` + productFields + productTables + ` WHERE p.id = ? AND p.archived_at = 0`

	selectProduct      = selectProducts + ` WHERE p.id = ?`
	selectProductBySKU = selectProducts + ` WHERE p.merchant_id = ? AND p.sku_key = ?`
	selectProductsIn   = selectProducts + ` WHERE p.id IN `

	insertProduct = `INSERT INTO catalog_products (id, merchant_id, title, description, sku, sku_key, sku_fold, search, price_amount, currency,
	version, archived_at, created_at, min_quantity, max_quantity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?)`
	// sku_fold comes first: MySQL assigns from left to right. A sku that stays keeps
	// what it has, which may be nothing.
	updateProduct = `UPDATE catalog_products SET sku_fold = CASE WHEN sku = ? THEN sku_fold ELSE ? END, title = ?, description = ?,
	sku = ?, sku_key = ?, search = ?, price_amount = ?, currency = ?, min_quantity = ?, max_quantity = ?, version = version + 1
	WHERE id = ? AND version = ? AND archived_at = 0`
	archiveProduct = `UPDATE catalog_products SET archived_at = ?, sku_key = id, sku_fold = NULL, version = version + 1
	WHERE id = ? AND version = ? AND archived_at = 0`
)

// InsertProduct adds a listed product without its stock. ErrDuplicate: the id exists,
// or the merchant lists the sku, in this spelling or another.
func InsertProduct(ctx context.Context, tx *database.Tx, p Product) error {
	return retryAfterFreeingSKU(ctx, tx, p, func() error {
		return insertRow(ctx, tx, "product", insertProduct, p.ID, p.MerchantID, p.Title, p.Description, p.SKU, p.SKU, foldSKU(p.SKU), searchText(p),
			p.Price.Amount, p.Price.Currency, database.Micros(p.CreatedAt), p.MinQuantity, p.MaxQuantity)
	})
}

// UpdateProduct writes title, description, sku, price and quantities over version
// p.Version of a listed product; false when that is not the current version any more.
// ErrDuplicate: the merchant lists the sku already.
func UpdateProduct(ctx context.Context, tx *database.Tx, p Product) (ok bool, err error) {
	err = retryAfterFreeingSKU(ctx, tx, p, func() error {
		ok, err = updateRow(ctx, tx, "product", updateProduct, p.SKU, foldSKU(p.SKU), p.Title, p.Description, p.SKU, p.SKU, searchText(p),
			p.Price.Amount, p.Price.Currency, p.MinQuantity, p.MaxQuantity, p.ID, p.Version)
		if database.IsDuplicate(err) {
			return ErrDuplicate
		}
		return err
	})
	return ok, err
}

// ArchiveProduct takes version p.Version of a listed product off sale; false when that
// is not the current version.
func ArchiveProduct(ctx context.Context, tx *database.Tx, p Product, at time.Time) (bool, error) {
	return updateRow(ctx, tx, "product", archiveProduct, database.Micros(at), p.ID, p.Version)
}

// ProductByID reads a product, archived or not. ErrNotFound: there is none.
func ProductByID(ctx context.Context, tx *database.Tx, id string) (p Product, err error) {
	err = scanProduct(tx.QueryRow(ctx, selectProduct, id), &p)
	return p, wrapStoreError("select product", err)
}

// ListedByID reads a product that is not archived. ErrNotFound: there is none.
func ListedByID(ctx context.Context, tx *database.Tx, id string) (Product, error) {
	p := Product{ID: id, Stock: Stock{ProductID: id}}
	var created int64
	err := tx.QueryRow(ctx, selectListed, id).Scan(&p.MerchantID, &p.Title, &p.Description, &p.SKU, &p.Price.Amount, &p.Price.Currency,
		&p.Version, &created, &p.MinQuantity, &p.MaxQuantity,
		&p.Stock.OnHand, &p.Stock.Held, &p.Stock.HeldGuests, &p.Stock.Sold, &p.Stock.LowThreshold, &p.Stock.Version)
	p.CreatedAt = database.Time(created)
	return p, wrapStoreError("select product", err)
}

// ProductBySKU reads the product that the merchant lists under the sku. ErrNotFound:
// there is none.
func ProductBySKU(ctx context.Context, tx *database.Tx, merchantID, sku string) (p Product, err error) {
	err = scanProduct(tx.QueryRow(ctx, selectProductBySKU, merchantID, sku), &p)
	return p, wrapStoreError("select product by sku", err)
}

// ProductsByID reads those of the products that exist, archived or not.
func ProductsByID(ctx context.Context, tx *database.Tx, ids []string) (map[string]Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query, args := anyOf(selectProductsIn, ids)
	list, err := selectRows(ctx, tx, "products", scanProduct, query, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Product, len(list))
	for _, p := range list {
		out[p.ID] = p
	}
	return out, nil
}

func scanProduct(row scanner, p *Product) error {
	var archived, created int64
	err := row.Scan(&p.ID, &archived, &p.MerchantID, &p.Title, &p.Description, &p.SKU, &p.Price.Amount, &p.Price.Currency,
		&p.Version, &created, &p.MinQuantity, &p.MaxQuantity,
		&p.Stock.OnHand, &p.Stock.Held, &p.Stock.HeldGuests, &p.Stock.Sold, &p.Stock.LowThreshold, &p.Stock.Version)
	p.Archived, p.CreatedAt, p.Stock.ProductID = archived != 0, database.Time(created), p.ID
	return err
}

package product

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/facts"
	"app/modules/catalog/internal/status"
	"app/platform/database"
	"app/platform/metadata"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// This file has a product in its other forms: the row, what clients are shown and send,
// and what other modules are told. Whoever adds a field to Product adds it here to each
// of them; mapping_test.go notices what is forgotten.

// productRow is a product in the database, without what it is found by: sku_key,
// sku_fold and search follow from its texts. id and archived_at come first: see
// selectListed.
type productRow struct {
	bun.BaseModel `bun:"table:catalog_products,alias:p"`

	ID          string             `bun:"id,pk"`
	ArchivedAt  int64              `bun:"archived_at"` // 0 while it is listed
	MerchantID  string             `bun:"merchant_id"`
	Title       string             `bun:"title"`
	Description string             `bun:"description"`
	SKU         string             `bun:"sku"`
	PriceAmount int64              `bun:"price_amount"`
	Currency    string             `bun:"currency"`
	Version     int64              `bun:"version"`
	CreatedAt   database.Timestamp `bun:"created_at"`
	MinQuantity int64              `bun:"min_quantity"`
	MaxQuantity int64              `bun:"max_quantity"`
	Metadata    metadata.Metadata  `bun:"metadata"`
	ExternalID  string             `bun:"external_id"`
	Slug        string             `bun:"slug"`
	PublicFrom  int64              `bun:"public_from"`  // 0 for the zero time
	CategoryIDs string             `bun:"category_ids"` // with spaces between them
	Attributes  string             `bun:"attributes,nullzero"`

	CompareAt    int64              `bun:"compare_at"`
	PriceSince   database.Timestamp `bun:"price_since"` // 0: since created_at
	Lowest30Days sql.NullInt64      `bun:"lowest_30_days"`
}

var products = database.ModelOf[productRow]()

// productRowOf is the row of a listed product.
func productRowOf(p Product) productRow {
	return productRow{
		ID: p.ID, MerchantID: p.MerchantID, Title: p.Title, Description: p.Description, SKU: p.SKU,
		PriceAmount: p.Price.Amount, Currency: p.Price.Currency, Version: p.Version, CreatedAt: database.Timestamp{Time: p.CreatedAt},
		MinQuantity: p.MinQuantity, MaxQuantity: p.MaxQuantity, Metadata: p.Metadata,
		ExternalID: p.ExternalID, Slug: p.Slug, CategoryIDs: joinIDs(p.CategoryIDs),
		CompareAt: p.CompareAt, PriceSince: database.Timestamp{Time: p.PriceSince}, Lowest30Days: nullable(p.Lowest30Days),
		Attributes: facts.Join(p.Attributes),
		PublicFrom: publicMicros(p.PublicFrom),
	}
}

// publicMicros is a Product.PublicFrom in the database.
func publicMicros(from time.Time) int64 {
	if from.IsZero() {
		return 0
	}
	return database.Micros(from)
}

func (r *productRow) toProduct() Product {
	p := Product{
		ID: r.ID, MerchantID: r.MerchantID, Title: r.Title, Description: r.Description, SKU: r.SKU,
		Price: money.Money{Amount: r.PriceAmount, Currency: r.Currency}, Version: r.Version, CreatedAt: r.CreatedAt.Time,
		Archived: r.ArchivedAt != 0, MinQuantity: r.MinQuantity, MaxQuantity: r.MaxQuantity, Metadata: r.Metadata,
		ExternalID: r.ExternalID, Slug: r.Slug, CategoryIDs: splitIDs(r.CategoryIDs),
		CompareAt: r.CompareAt, PriceSince: r.priceSince(), Lowest30Days: pointerTo(r.Lowest30Days),
		Attributes: facts.Split(r.Attributes),
	}
	if r.PublicFrom != 0 {
		p.PublicFrom = database.Time(r.PublicFrom)
	}
	return p
}

func (r *productRow) priceSince() time.Time {
	if r.PriceSince.UnixMicro() <= 0 {
		return r.CreatedAt.Time
	}
	return r.PriceSince.Time
}

func nullable(n *int64) (out sql.NullInt64) {
	if n != nil {
		out = sql.NullInt64{Int64: *n, Valid: true}
	}
	return out
}

func pointerTo(n sql.NullInt64) *int64 {
	if !n.Valid {
		return nil
	}
	return &n.Int64
}

// Body is a product as anyone sees it.
type Body = product

// product has the name of its schema in the public document: clients are generated from
// it.
type product struct {
	ID          string      `json:"id" example:"prd_01kan4v6e8fx2s1gq0vj5t3x7c"`
	MerchantID  string      `json:"merchant_id" example:"mrc_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	SKU         string      `json:"sku"`
	Price       money.Money `json:"price"`
	Available   int64       `json:"available" doc:"Units that can be bought now"`
	MinQuantity int64       `json:"min_quantity" doc:"Units that one order has to have at least"`
	MaxQuantity int64       `json:"max_quantity" doc:"Units that one order may have at most"`
	CreatedAt   time.Time   `json:"created_at"`

	Metadata    metadata.Metadata `json:"metadata" doc:"What the merchant's own programs keep with the product; public"`
	ExternalID  string            `json:"external_id,omitempty" doc:"The product in the merchant's own system"`
	Slug        string            `json:"slug,omitempty" example:"oak-chair" doc:"What the product's page is called in its address"`
	CategoryIDs []string          `json:"category_ids" doc:"The categories it was put into; what is above them is left out"`

	CompareAt    *money.Money `json:"compare_at,omitempty" doc:"What the price is announced as a reduction of"`
	Lowest30Days *money.Money `json:"lowest_30_days,omitempty" doc:"The lowest price of the 30 days before the present one began"`

	Attributes map[string]json.RawMessage `json:"attributes" doc:"What it has for attributes, by their codes"`

	Status    status.Status `json:"status" enum:"draft,active,archived" doc:"A draft is seen by members of the merchant only and cannot be bought"`
	PublishAt *time.Time    `json:"publish_at,omitempty" doc:"When the product becomes active by itself, or has become so"`
}

// newBody is the product as it is at the time.
func newBody(p Product, now time.Time) product {
	return product{
		ID: p.ID, MerchantID: p.MerchantID, Title: p.Title, Description: p.Description, SKU: p.SKU, Price: p.Price,
		Available: p.Stock.Available(), MinQuantity: p.MinQuantity, MaxQuantity: p.MaxQuantity, CreatedAt: p.CreatedAt,
		Metadata: p.Metadata.Shown(), ExternalID: p.ExternalID, Slug: p.Slug,
		CategoryIDs: append([]string{}, p.CategoryIDs...), CompareAt: p.CompareAtPrice(), Lowest30Days: p.LowestPrice(),
		Attributes: facts.Render(p.Attributes),
		Status:     p.StatusAt(now), PublishAt: status.PublishAt(p.PublicFrom),
	}
}

// createInputBody is what a client sends to list a product. Like product it has the name
// of its schema.
type createInputBody struct {
	MerchantID        string      `json:"merchant_id"`
	Title             string      `json:"title" minLength:"1" maxLength:"200"`
	Description       string      `json:"description,omitempty" maxLength:"5000"`
	SKU               string      `json:"sku" minLength:"1" maxLength:"64" doc:"The merchant's own name for the product"`
	Price             money.Money `json:"price"`
	Stock             int64       `json:"stock,omitempty" minimum:"0" maximum:"1000000000" doc:"Units to begin with"`
	LowStockThreshold *int64      `json:"low_stock_threshold,omitempty" minimum:"0" maximum:"1000000000" doc:"Available units at which the merchant is told; 5 unless sent"`
	MinQuantity       int64       `json:"min_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order has to have at least; 1 unless sent"`
	MaxQuantity       int64       `json:"max_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order may have at most; 10,000 unless sent"`

	CompareAt  *money.Money    `json:"compare_at,omitempty" doc:"What the price is announced as a reduction of: more than the price, in its currency"`
	Metadata   metadata.Change `json:"metadata,omitempty" maxProperties:"50" doc:"For the merchant's own programs, and public: up to 50 keys of 40 characters with texts of 500"`
	ExternalID string          `json:"external_id,omitempty" maxLength:"64" doc:"The product in the merchant's own system; no other listed product of the merchant has it"`
	Slug       string          `json:"slug,omitempty" minLength:"3" maxLength:"48" doc:"Made of the title when not sent; no other listed product of the merchant has it"`
	Status     status.Status   `json:"status,omitempty" enum:"draft,active" doc:"active unless sent"`
	PublishAt  *time.Time      `json:"publish_at,omitempty" doc:"When a draft becomes active by itself; a time that has passed: at once"`
}

func (b createInputBody) toDraft() Draft {
	low := int64(DefaultLowStock)
	if b.LowStockThreshold != nil {
		low = *b.LowStockThreshold
	}
	return Draft{
		MerchantID: b.MerchantID, Title: b.Title, Description: b.Description, SKU: b.SKU, Price: b.Price, CompareAt: b.CompareAt,
		Stock:             b.Stock,
		LowStockThreshold: low, MinQuantity: b.MinQuantity, MaxQuantity: b.MaxQuantity, Metadata: b.Metadata,
		ExternalID: b.ExternalID, Slug: b.Slug,
		Status: b.Status, PublishAt: b.PublishAt,
	}
}

// changeInputBody is what a client sends to change a product. What it leaves out stays.
type changeInputBody struct {
	Title             *string      `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Description       *string      `json:"description,omitempty" maxLength:"5000"`
	SKU               *string      `json:"sku,omitempty" minLength:"1" maxLength:"64"`
	Price             *money.Money `json:"price,omitempty"`
	CompareAt         *money.Money `json:"compare_at,omitempty" doc:"What the price is announced as a reduction of; amount 0 for nothing. It goes by itself with a price that is not less, or in another currency"`
	LowStockThreshold *int64       `json:"low_stock_threshold,omitempty" minimum:"0" maximum:"1000000000"`
	MinQuantity       *int64       `json:"min_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order has to have at least"`
	MaxQuantity       *int64       `json:"max_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order may have at most"`

	Metadata   metadata.Change `json:"metadata,omitempty" maxProperties:"100" doc:"Merged with what is there; null or an empty text removes a key"`
	ExternalID *string         `json:"external_id,omitempty" maxLength:"64" doc:"An empty text takes it away"`
	Slug       *string         `json:"slug,omitempty" minLength:"3" maxLength:"48"`
	Status     *status.Status  `json:"status,omitempty" enum:"draft,active" doc:"Takes publish_at away unless it is sent as well"`
	PublishAt  *time.Time      `json:"publish_at,omitempty" doc:"When a draft becomes active by itself; a time that has passed: at once"`
}

func (b changeInputBody) toChange() Change { return Change(b) }

// MessageOf is what other modules are told of a product.
func MessageOf(p Product) *catalogv1.Product {
	return &catalogv1.Product{
		Id: p.ID, MerchantId: p.MerchantID, Title: p.Title, Sku: p.SKU, Available: p.Stock.Available(), Price: moneyv1.Of(p.Price),
		MinQuantity: p.MinQuantity, MaxQuantity: p.MaxQuantity,
	}
}

package rest

import (
	"context"
	"strconv"
	"strings"
	"time"

	"app/modules/catalog/internal/service"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/operation"
)

// Product is a product as anyone sees it.
type Product struct {
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
}

func renderProduct(p service.Product) Product {
	return Product{
		ID: p.ID, MerchantID: p.MerchantID, Title: p.Title, Description: p.Description, SKU: p.SKU, Price: p.Price,
		Available: p.Stock.Available(), MinQuantity: p.MinQuantity, MaxQuantity: p.MaxQuantity, CreatedAt: p.CreatedAt,
	}
}

type productOutput struct {
	operation.Tagged
	Body Product
}

func productWithETag(p service.Product) *productOutput {
	return &productOutput{Tagged: operation.Tagged{ETag: productTag(p)}, Body: renderProduct(p)}
}

// productTag changes with everything the reply shows, which includes the units left.
func productTag(p service.Product) string {
	return `"` + strconv.FormatInt(p.Version, 10) + "-" + strconv.FormatInt(p.Stock.Version, 10) + `"`
}

// productMatch compares If-Match with the product's own version only: units that were
// sold since somebody read the product are no reason to refuse a new title.
func productMatch(c operation.Conditional) service.Match {
	if c.IfMatch == "" {
		return nil
	}
	return func(version int64) error {
		for tag := range strings.SplitSeq(c.IfMatch, ",") {
			tag = strings.TrimSpace(tag)
			own, _, _ := strings.Cut(tag, "-")
			if tag == "*" || own == `"`+strconv.FormatInt(version, 10) && strings.HasSuffix(tag, `"`) {
				return nil
			}
		}
		return fault.New(fault.VersionMismatch, "version_mismatch", "It has changed since you read it.")
	}
}

type createInput struct {
	Body struct {
		MerchantID        string      `json:"merchant_id"`
		Title             string      `json:"title" minLength:"1" maxLength:"200"`
		Description       string      `json:"description,omitempty" maxLength:"5000"`
		SKU               string      `json:"sku" minLength:"1" maxLength:"64" doc:"The merchant's own name for the product"`
		Price             money.Money `json:"price"`
		Stock             int64       `json:"stock,omitempty" minimum:"0" maximum:"1000000000" doc:"Units to begin with"`
		LowStockThreshold *int64      `json:"low_stock_threshold,omitempty" minimum:"0" maximum:"1000000000" doc:"Available units at which the merchant is told; 5 unless sent"`
		MinQuantity       int64       `json:"min_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order has to have at least; 1 unless sent"`
		MaxQuantity       int64       `json:"max_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order may have at most; 10,000 unless sent"`
	}
}

type createOutput struct {
	operation.Tagged
	Location string `header:"Location" doc:"Where the product is"`
	Body     Product
}

func (h handlers) createProduct(ctx context.Context, in *createInput) (*createOutput, error) {
	b, low := in.Body, int64(service.DefaultLowStock)
	if b.LowStockThreshold != nil {
		low = *b.LowStockThreshold
	}
	p, err := h.service().Create(ctx, service.Draft{
		MerchantID: b.MerchantID, Title: b.Title, Description: b.Description, SKU: b.SKU, Price: b.Price, Stock: b.Stock,
		LowStockThreshold: low, MinQuantity: b.MinQuantity, MaxQuantity: b.MaxQuantity,
	})
	if err != nil {
		return nil, err
	}
	return &createOutput{Tagged: operation.Tagged{ETag: productTag(p)}, Location: "/v1/products/" + p.ID, Body: renderProduct(p)}, nil
}

type idInput struct {
	ID string `path:"id"`
}

func (h handlers) getProduct(ctx context.Context, in *idInput) (*productOutput, error) {
	p, err := h.service().Product(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return productWithETag(p), nil
}

type listInput struct {
	operation.Paging
	Text       string `query:"q" maxLength:"200" doc:"Up to 10 words that title, sku or description must have, in any case"`
	MerchantID string `query:"merchant_id" maxLength:"64" doc:"Products of this merchant only"`
}

type listOutput struct{ Body operation.Page[Product] }

func (h handlers) listProducts(ctx context.Context, in *listInput) (*listOutput, error) {
	after, err := operation.DecodeCursor(in.After, 2)
	if err != nil {
		return nil, err
	}
	found, err := h.service().List(ctx, service.Query{MerchantID: in.MerchantID, Text: in.Text, After: after, Limit: in.Want()})
	if err != nil {
		return nil, err
	}
	page := operation.NewPage(found, in.Limit, service.Key)
	out := &listOutput{operation.Page[Product]{Data: make([]Product, len(page.Data)), HasMore: page.HasMore, Next: page.Next}}
	for i, p := range page.Data {
		out.Body.Data[i] = renderProduct(p)
	}
	return out, nil
}

type changeInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body struct {
		Title             *string      `json:"title,omitempty" minLength:"1" maxLength:"200"`
		Description       *string      `json:"description,omitempty" maxLength:"5000"`
		SKU               *string      `json:"sku,omitempty" minLength:"1" maxLength:"64"`
		Price             *money.Money `json:"price,omitempty"`
		LowStockThreshold *int64       `json:"low_stock_threshold,omitempty" minimum:"0" maximum:"1000000000"`
		MinQuantity       *int64       `json:"min_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order has to have at least"`
		MaxQuantity       *int64       `json:"max_quantity,omitempty" minimum:"1" maximum:"10000" doc:"Units that one order may have at most"`
	}
}

func (h handlers) updateProduct(ctx context.Context, in *changeInput) (*productOutput, error) {
	b := in.Body
	p, err := h.service().Change(ctx, in.ID, productMatch(in.Conditional), service.Change{
		Title: b.Title, Description: b.Description, SKU: b.SKU, Price: b.Price, LowStockThreshold: b.LowStockThreshold,
		MinQuantity: b.MinQuantity, MaxQuantity: b.MaxQuantity,
	})
	if err != nil {
		return nil, err
	}
	return productWithETag(p), nil
}

type archiveInput struct {
	ID string `path:"id"`
	operation.Conditional
}

func (h handlers) archiveProduct(ctx context.Context, in *archiveInput) (*struct{}, error) {
	return nil, h.service().Archive(ctx, in.ID, productMatch(in.Conditional))
}

package service

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Product reads a listed product; anyone may. Errors: not_found.
func (s *Service) Product(ctx context.Context, id string) (p Product, err error) {
	if !ids.Valid("prd", id) {
		return Product{}, reason.ProductNotFound.New()
	}
	err = s.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		p, err = productOnSale(ctx, q, id)
		return err
	})
	return p, err
}

// productOnSale reads a product that is on sale.
func productOnSale(ctx context.Context, tx *database.Tx, id string) (Product, error) {
	p, err := store.ListedByID(ctx, tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Product{}, reason.ProductNotFound.New()
	}
	return p, err
}

// Query says which products to list.
type Query struct {
	// MerchantID restricts the list to one merchant; empty lists all.
	MerchantID string
	// Text is words that must all occur in title, sku or description, in any case; at
	// most 10.
	Text string
	// After is the sort key of the last product seen, as Key gives it; empty for the
	// first page.
	After []string
	Limit int
}

// Key is the product's place in a list: its time and its id.
func Key(p Product) []string {
	return []string{strconv.FormatInt(database.Micros(p.CreatedAt), 10), p.ID}
}

// maxWords bounds the words of a search: each is one more look at each product.
const maxWords = 10

// List reads listed products, newest first; anyone may. A product added while somebody
// turns pages appears before the pages already seen and moves none of the others. A
// search is several reads: it costs as much as there are products to look at until the
// page is full. Errors: invalid_argument for a merchant id, words or a key that cannot
// be.
func (s *Service) List(ctx context.Context, q Query) (list []Product, err error) {
	filter, err := q.toStoreFilter()
	if err != nil {
		return nil, err
	}
	for count := firstLook; ; count = longLook {
		var some []Product
		err = s.db.Read(ctx, func(ctx context.Context, tx *database.Tx) error {
			some, err = searchNextProducts(ctx, tx, &filter, count)
			return err
		})
		list = append(list, some...)
		if err != nil || len(list) >= q.Limit || filter.Before.ID == "" {
			return list[:min(len(list), q.Limit)], err
		}
	}
}

// How many products a search looks at before it gives the connection back: a page full
// of what many products have is found at the first look, and what hardly any has does
// not keep the readers of products waiting until all were looked at.
const (
	firstLook = 500
	longLook  = 10_000
)

// searchNextProducts lists what it finds among the next count products, and moves the
// filter on to the rest, to before no product when there is none. Without words the
// first products are those that are wanted.
func searchNextProducts(ctx context.Context, tx *database.Tx, f *store.Filter, count int) (list []Product, err error) {
	if len(f.Words) > 0 {
		if f.Until, err = store.PlaceOf(ctx, tx, *f, count); err != nil {
			return nil, err
		}
	}
	list, err = store.List(ctx, tx, *f)
	f.Before, f.Until = f.Until, store.Place{}
	return list, err
}

func (q Query) toStoreFilter() (store.Filter, error) {
	f := store.Filter{MerchantID: q.MerchantID, Words: strings.Fields(q.Text), Limit: q.Limit}
	var wrong []fault.Field
	if q.MerchantID != "" && !ids.Valid("mrc", q.MerchantID) {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if len(f.Words) > maxWords {
		wrong = append(wrong, fault.Field{Pointer: "/q", Detail: "has more than " + strconv.Itoa(maxWords) + " words"})
	}
	if len(q.After) > 0 {
		at, err := strconv.ParseInt(q.After[0], 10, 64)
		if err != nil || len(q.After) != 2 || !ids.Valid("prd", q.After[1]) {
			wrong = append(wrong, fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
		} else {
			f.Before.CreatedAt, f.Before.ID = time.UnixMicro(at), q.After[1]
		}
	}
	if len(wrong) > 0 {
		return f, fault.Invalid(wrong...)
	}
	return f, nil
}

package product

import (
	"strconv"
	"strings"
	"time"

	"app/modules/catalog/internal/status"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/text"
)

// Query says which products to list.
type Query struct {
	// MerchantID restricts the list to one merchant; empty lists all.
	MerchantID string
	// Names find one product of the merchant; they go with no text.
	Names Names
	// CategoryID restricts the list to a category and all below it; empty lists all.
	CategoryID string
	// CollectionID restricts the list to a collection, in its order; empty lists all.
	CollectionID string
	// Status restricts the list to products of a merchant that have it; empty lists what is
	// active.
	Status status.Status
	// Text is words that must all occur in title, sku or description, in any case; at
	// most 10.
	Text string
	// After is the sort key of the last product seen, as Key gives it; empty for the
	// first page.
	After []string
	Limit int
}

// maxWords bounds the words of a search: each is one more look at each product.
const maxWords = 10

// Key is the product's place in a list: its time and its id.
func Key(p Product) []string {
	return []string{strconv.FormatInt(p.CreatedAt.UnixMicro(), 10), p.ID}
}

// toFilter is what to read, or what is wrong with the query.
func (q Query) toFilter() (Filter, error) {
	f := Filter{
		MerchantID: q.MerchantID, CategoryID: q.CategoryID, CollectionID: q.CollectionID, Names: q.Names,
		Status: q.Status, Words: strings.Fields(q.Text), Limit: q.Limit,
	}
	wrong := append(normaliseNames(&f), validateListed(f)...)
	if q.MerchantID != "" && !ids.Valid("mrc", q.MerchantID) {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if q.CategoryID != "" && !ids.Valid("cat", q.CategoryID) {
		wrong = append(wrong, fault.Field{Pointer: "/category_id", Detail: "is not the id of a category"})
	}
	if q.CollectionID != "" && !ids.Valid("col", q.CollectionID) {
		wrong = append(wrong, fault.Field{Pointer: "/collection_id", Detail: "is not the id of a collection"})
	}
	if len(f.Words) > maxWords {
		wrong = append(wrong, fault.Field{Pointer: "/q", Detail: "has more than " + strconv.Itoa(maxWords) + " words"})
	}
	if len(q.After) > 0 {
		at, err := strconv.ParseInt(q.After[0], 10, 64)
		if err != nil || len(q.After) != 2 || !ids.Valid("prd", q.After[1]) {
			wrong = append(wrong, fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
		} else {
			f.Before = Place{CreatedAt: time.UnixMicro(at), ID: q.After[1]}
		}
	}
	if len(wrong) > 0 {
		return f, fault.Invalid(wrong...)
	}
	return f, nil
}

const (
	// maxSearch is what a TEXT column of MySQL holds, in bytes. No real text comes near
	// it: 5,000 characters would have to become more than 13 bytes each.
	maxSearch = 65_535
)

// SearchText is what List finds a product by.
func SearchText(p Product) string {
	return text.Cut(text.Key(p.Title+"\n"+p.SKU+"\n"+p.Description), maxSearch)
}

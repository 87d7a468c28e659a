package product

import (
	"cmp"
	"context"
	"errors"

	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/sku"
	"app/modules/catalog/internal/status"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/slug"
	"app/platform/text"
)

// Names are what a merchant calls one of its listed products by. Empty names say
// nothing.
type Names struct {
	// SKU is compared in any spelling that text.Key makes one.
	SKU string
	// ExternalID is compared as it is.
	ExternalID string
	Slug       string
}

// normaliseNames puts the names in the form that products have, and lists what is wrong
// with a filter by them.
func normaliseNames(f *Filter) (wrong []fault.Field) {
	if f.Names == (Names{}) {
		return nil
	}
	if f.MerchantID == "" {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is required with a name of a product"})
	}
	for _, other := range []struct {
		pointer string
		given   bool
	}{{"/q", len(f.Words) > 0}, {"/category_id", f.CategoryID != ""}, {"/collection_id", f.CollectionID != ""}} {
		if other.given {
			wrong = append(wrong, fault.Field{Pointer: other.pointer, Detail: "does not go with a name of a product"})
		}
	}
	if f.Names.SKU != "" {
		wrong = append(wrong, normaliseText("/sku", &f.Names.SKU, text.Line, 1, MaxSKU)...)
	}
	if f.Names.ExternalID != "" {
		wrong = append(wrong, normaliseText("/external_id", &f.Names.ExternalID, text.Line, 1, MaxExternalID)...)
	}
	return wrong // any text may be looked for as a slug
}

// listNamed lists the product that has all of the names and the status, on the first
// page.
func (s *Service) listNamed(ctx context.Context, f Filter) ([]Product, error) {
	found, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Product, error) {
		return byNames(ctx, q, f.MerchantID, f.Names)
	})
	switch {
	case errors.Is(err, database.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case f.Before.ID != "" || found.StatusAt(f.At) != cmp.Or(f.Status, status.Active):
		return nil, nil
	}
	return []Product{found}, nil
}

const listedNamed = ` WHERE p.archived_at = 0 AND p.merchant_id = ? AND `

var (
	selectListedBySKU        = selectProducts + listedNamed + `p.sku_key = ?`
	selectListedByFold       = selectProducts + listedNamed + `p.sku_fold = ?`
	selectListedByExternalID = selectProducts + listedNamed + `p.external_key = ?`
	selectListedBySlug       = selectProducts + listedNamed + `p.slug_key = ?`
)

// byNames reads the product that the merchant lists under all of the names, of which one
// is given at least. The error is database.ErrNotFound when there is none.
func byNames(ctx context.Context, q *database.Tx, merchantID string, n Names) (p Product, err error) {
	switch {
	case n.ExternalID != "":
		p, err = readOne(ctx, q, selectListedByExternalID, merchantID, n.ExternalID)
	case n.Slug != "":
		p, err = readOne(ctx, q, selectListedBySlug, merchantID, n.Slug)
	default:
		return bySpelling(ctx, q, merchantID, n.SKU)
	}
	if err == nil && !n.fitProduct(p) {
		return Product{}, database.ErrNotFound
	}
	return p, err
}

// fitProduct reports whether a product has all of the names that are given.
func (n Names) fitProduct(p Product) bool {
	return (n.SKU == "" || sku.Fold(n.SKU) == sku.Fold(p.SKU)) && (n.ExternalID == "" || n.ExternalID == p.ExternalID) &&
		(n.Slug == "" || n.Slug == p.Slug)
}

// bySpelling reads the product that the merchant lists under the sku, or else under
// another spelling of it: two of a merchant may be left from before these were one.
func bySpelling(ctx context.Context, q *database.Tx, merchantID, name string) (Product, error) {
	p, err := readOne(ctx, q, selectListedBySKU, merchantID, name)
	if errors.Is(err, database.ErrNotFound) {
		return readOne(ctx, q, selectListedByFold, merchantID, sku.Fold(name))
	}
	return p, err
}

// explainDuplicate says which of the names of a product another one has, after the
// database has refused to write it.
func explainDuplicate(ctx context.Context, tx *database.Tx, p Product) error {
	for _, name := range []struct {
		query, value string
		taken        error
	}{
		{selectListedByExternalID, p.ExternalID, errExternalIDTaken},
		{selectListedBySlug, p.Slug, errSlugTaken},
	} {
		if name.value == "" {
			continue
		}
		other, err := readOne(ctx, tx, name.query, p.MerchantID, name.value)
		if err != nil && !errors.Is(err, database.ErrNotFound) {
			return err
		}
		if err == nil && other.ID != p.ID {
			return name.taken
		}
	}
	return errSKUTaken
}

var (
	errSKUTaken        = takenAt(reason.SKUTaken, "/sku")
	errExternalIDTaken = takenAt(reason.ExternalIDTaken, "/external_id")
	errSlugTaken       = slug.TakenAt("/slug")
)

func takenAt(why fault.Reason, pointer string) error {
	taken := why.New()
	taken.Fields = []fault.Field{{Pointer: pointer, Detail: "is taken"}}
	return taken
}

// Package collection is the lists of products that merchants pick by hand. Managers
// make them, anyone reads them.
package collection

import (
	"fmt"
	"time"

	"app/platform/fault"
	"app/platform/ids"
	"app/platform/slug"
	"app/platform/text"
)

const (
	// MaxName is how long a name may be, in characters.
	MaxName = 200
	// MaxProducts is how many products one collection has.
	MaxProducts = 500
)

// Collection is a list of a merchant's products.
type Collection struct {
	ID         string
	MerchantID string
	Name       string
	// Slug is unique among the collections of the merchant.
	Slug string
	// Version counts the changes, from 1, those of what is in it included.
	Version   int64
	CreatedAt time.Time
}

// Draft is a collection to be.
type Draft struct{ MerchantID, Name, Slug string }

// Change holds the new values of a collection; nil leaves a value as it is.
type Change struct{ Name, Slug *string }

// toCollection makes the collection with the id, or says what is wrong with the draft.
func (d Draft) toCollection(id string, now time.Time) (Collection, error) {
	c := Collection{
		ID: id, MerchantID: d.MerchantID, Name: d.Name, Slug: d.Slug, Version: 1, CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	wrong := normaliseCollection(&c)
	if !ids.Valid("mrc", c.MerchantID) {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if len(wrong) > 0 {
		return Collection{}, fault.Invalid(wrong...)
	}
	return c, nil
}

// applyTo is a collection after the change, or what is wrong with it.
func (c Change) applyTo(to Collection) (Collection, error) {
	if c.Name != nil {
		to.Name = *c.Name
	}
	if c.Slug != nil {
		to.Slug = *c.Slug
	}
	if wrong := normaliseCollection(&to); len(wrong) > 0 {
		return Collection{}, fault.Invalid(wrong...)
	}
	return to, nil
}

// normaliseCollection puts the name in the form to keep and lists what is wrong.
func normaliseCollection(c *Collection) (wrong []fault.Field) {
	name, err := text.Line(c.Name, 1, MaxName)
	if err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/name", Detail: err.Error()})
	}
	c.Name = name
	return append(wrong, slug.Validate("/slug", c.Slug)...)
}

// validateProducts lists what is wrong with the products that a collection is to have,
// whether they exist or not.
func validateProducts(productIDs []string) (wrong []fault.Field) {
	if len(productIDs) > MaxProducts {
		return []fault.Field{{Pointer: "/product_ids", Detail: fmt.Sprintf("must be at most %d", MaxProducts)}}
	}
	seen := make(map[string]bool, len(productIDs))
	for i, id := range productIDs {
		switch {
		case !ids.Valid("prd", id):
			wrong = append(wrong, fieldOfProduct(i, "is not the id of a product"))
		case seen[id]:
			wrong = append(wrong, fieldOfProduct(i, "is given twice"))
		}
		seen[id] = true
	}
	return wrong
}

// validateOwned lists which of the products are not among those that the merchant
// lists.
func validateOwned(productIDs, listed []string) (wrong []fault.Field) {
	known := make(map[string]bool, len(listed))
	for _, id := range listed {
		known[id] = true
	}
	for i, id := range productIDs {
		if !known[id] {
			wrong = append(wrong, fieldOfProduct(i, "is not a product that the merchant lists"))
		}
	}
	return wrong
}

func fieldOfProduct(i int, detail string) fault.Field {
	return fault.Field{Pointer: fmt.Sprintf("/product_ids/%d", i), Detail: detail}
}

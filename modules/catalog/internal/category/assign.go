package category

import (
	"context"
	"slices"

	"app/modules/catalog/internal/product"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
)

// Assignment says which categories a product is to be in.
type Assignment struct {
	ProductID string
	// CategoryIDs are in the order that the product has them in; at most MaxPerProduct.
	CategoryIDs []string
	// Match checks the product's version; nil accepts every one.
	Match product.Match
}

// Assign puts a listed product into categories and out of all others; a manager of its
// merchant may. Errors: invalid_argument, not_found, permission_denied,
// failed_precondition (merchant_not_approved), version_mismatch, aborted.
func (s *Service) Assign(ctx context.Context, a Assignment) (product.Product, error) {
	if _, err := s.Products.ItemFor(ctx, a.ProductID, merchantsv1.Role_ROLE_MANAGER); err != nil {
		return product.Product{}, err
	}
	if wrong := validateIDs(a.CategoryIDs); len(wrong) > 0 {
		return product.Product{}, fault.Invalid(wrong...)
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (product.Product, error) {
		var now product.Product
		err := product.ChangeListed(ctx, tx, a.ProductID, a.Match, func(p product.Product) (err error) {
			now, err = assignProduct(ctx, tx, p, a.CategoryIDs)
			return err
		})
		return now, err
	})
}

// assignProduct puts the version of a product that was read into categories. All that
// it is in before or after stay where they are meanwhile, so that what is above them
// does not change under the lists. The error is database.ErrChanged when the version
// has been overtaken.
func assignProduct(ctx context.Context, tx *database.Tx, p product.Product, categoryIDs []string) (product.Product, error) {
	locked, err := lockCategories(ctx, tx, slices.Concat(p.CategoryIDs, categoryIDs))
	if err != nil {
		return product.Product{}, err
	}
	in, err := inOrderOf(categoryIDs, locked)
	if err != nil {
		return product.Product{}, err
	}
	if p, err = product.SetCategories(ctx, tx, p, categoryIDs); err != nil {
		return product.Product{}, err
	}
	return p, replaceMembership(ctx, tx, p, in)
}

// inOrderOf are those of the categories that have the ids, in their order.
func inOrderOf(categoryIDs []string, found []Category) ([]Category, error) {
	out := make([]Category, 0, len(categoryIDs))
	var wrong []fault.Field
	for i, id := range categoryIDs {
		at := slices.IndexFunc(found, func(c Category) bool { return c.ID == id })
		if at < 0 {
			wrong = append(wrong, fieldOfID(i, "is not the id of a category"))
			continue
		}
		out = append(out, found[at])
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid(wrong...)
	}
	return out, nil
}

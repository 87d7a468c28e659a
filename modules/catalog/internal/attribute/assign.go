package attribute

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"app/modules/catalog/internal/product"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
)

// Assignment is the values that a product is to have.
type Assignment struct {
	ProductID string
	// Values are JSON by the codes of attributes; at most MaxPerProduct.
	Values map[string]json.RawMessage
	// Match checks the product's version; nil accepts every one.
	Match product.Match
}

// Assign gives a listed product these values and no others; a manager of its merchant
// may. Errors: invalid_argument, not_found, permission_denied, failed_precondition
// (merchant_not_approved), version_mismatch, aborted.
func (s *Service) Assign(ctx context.Context, a Assignment) (product.Product, error) {
	if _, err := s.Products.ItemFor(ctx, a.ProductID, merchantsv1.Role_ROLE_MANAGER); err != nil {
		return product.Product{}, err
	}
	if len(a.Values) > MaxPerProduct {
		detail := fmt.Sprintf("must have values for at most %d attributes", MaxPerProduct)
		return product.Product{}, fault.Invalid(fault.Field{Detail: detail})
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (product.Product, error) {
		var now product.Product
		err := product.ChangeListed(ctx, tx, a.ProductID, a.Match, func(p product.Product) (err error) {
			now, err = assignValues(ctx, tx, p, a.Values)
			return err
		})
		return now, err
	})
}

// assignValues gives the version of a product that was read its values. The error is
// database.ErrChanged when the version has been overtaken.
func assignValues(ctx context.Context, tx *database.Tx, p product.Product, sent map[string]json.RawMessage) (product.Product, error) {
	known, err := lockForCodes(ctx, tx, p.MerchantID, slices.Collect(maps.Keys(sent)))
	if err != nil {
		return product.Product{}, err
	}
	given, err := parseValues(sent, known)
	if err != nil {
		return product.Product{}, err
	}
	shown := make(map[string]string, len(given))
	for code, v := range given {
		shown[code] = v.JSON
	}
	if p, err = product.SetAttributes(ctx, tx, p, shown); err != nil {
		return product.Product{}, err
	}
	return p, replaceValues(ctx, tx, p.ID, given)
}

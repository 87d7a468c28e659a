package product

import (
	"context"

	"app/modules/catalog/internal/status"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// List reads active products, newest first, or those of a collection in its order;
// anyone may. Those of a status that is asked for are for who has a role with their
// merchant. A product added while somebody turns pages appears before the pages already
// seen and moves none of the others. A search is several reads: it costs as much as
// there are products to look at until the page is full. Errors: invalid_argument for an
// id, words or a key that cannot be; with a status unauthenticated, permission_denied,
// not_found (merchant).
func (s *Service) List(ctx context.Context, q Query) ([]Product, error) {
	f, err := q.toFilter()
	if err != nil {
		return nil, err
	}
	if f.Status != "" {
		if err := s.RequireRole(ctx, f.MerchantID, merchantsv1.Role_ROLE_VIEWER, merchantsv1.MerchantNotFound); err != nil {
			return nil, err
		}
	}
	f.At = s.Now()
	if f.Names != (Names{}) {
		return s.listNamed(ctx, f)
	}
	if f.CollectionID != "" {
		return s.listCollection(ctx, f)
	}
	var list []Product
	for count := firstLook; ; count = longLook {
		some, err := database.Read(ctx, s.DB, func(ctx context.Context, tx *database.Tx) ([]Product, error) {
			return searchNextProducts(ctx, tx, &f, count)
		})
		list = append(list, some...)
		if err != nil || len(list) >= q.Limit || f.Before.ID == "" {
			return list[:min(len(list), q.Limit)], err
		}
	}
}

// Listed reads those of the products that are active, in the order of the ids, each
// once; anyone may.
func (s *Service) Listed(ctx context.Context, ids []string) ([]Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (map[string]Product, error) {
		return ByIDs(ctx, q, ids)
	})
	if err != nil {
		return nil, err
	}
	var listed []Product
	now := s.Now()
	for _, id := range ids {
		if p, ok := found[id]; ok && p.StatusAt(now) == status.Active {
			listed = append(listed, p)
			delete(found, id)
		}
	}
	return listed, nil
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
func searchNextProducts(ctx context.Context, tx *database.Tx, f *Filter, count int) (list []Product, err error) {
	if len(f.Words) > 0 {
		if f.Until, err = placeOf(ctx, tx, *f, count); err != nil {
			return nil, err
		}
	}
	list, err = listProducts(ctx, tx, *f)
	f.Before, f.Until = f.Until, Place{}
	return list, err
}

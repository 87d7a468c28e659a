package price

import (
	"context"
	"time"

	"app/platform/database"
)

// Options put a service together. All are required.
type Options struct {
	DB *database.DB
	// OnSale fails with what the client gets unless the product is on sale.
	OnSale func(ctx context.Context, productID string) error
}

// Service shows former prices. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Former reads up to limit former prices of a product that ended before a time, the last
// ones first; anyone may. Errors: not_found.
func (s *Service) Former(ctx context.Context, productID string, before time.Time, limit int) ([]Former, error) {
	if err := s.OnSale(ctx, productID); err != nil {
		return nil, err
	}
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]Former, error) {
		return listFormer(ctx, q, productID, before, limit)
	})
}

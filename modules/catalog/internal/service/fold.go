package service

import (
	"context"

	"app/modules/catalog/internal/store"
	"app/platform/database"
)

// foldBatch bounds the products of one transaction.
const foldBatch = 100

// FoldOnce looks at the next 100 products and gives those that were listed by an
// earlier release what searches and skus are compared by today; more reports whether
// there are others. Until then they are found as before. Processes may run it at the
// same time.
func (s *Service) FoldOnce(ctx context.Context) (more bool, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		more, err = store.Fold(ctx, tx, foldBatch)
		return err
	})
	return more, err
}

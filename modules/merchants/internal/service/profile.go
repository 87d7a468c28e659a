package service

import (
	"context"
	"errors"

	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// Profile implements the contract.
func (s *Service) Profile(ctx context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error) {
	p, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (store.Profile, error) {
		return store.ProfileOf(ctx, q, req.GetMerchantId())
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, merchantsv1.MerchantNotFound.New().Because(err)
	}
	return &merchantsv1.ProfileResponse{Name: p.Name, Slug: p.Slug, Approved: p.Status == store.Approved, OwnerId: p.Owner}, err
}

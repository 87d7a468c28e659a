package service

import (
	"context"
	"errors"

	"app/modules/users/internal/account"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// takeOver gives an imported account that nobody has confirmed to whoever reads its
// address: all second factors and linked identities of it go, and the owner is told of
// each factor. The caller has set a new password and ended all sessions. Of any other
// account it takes nothing: a new password must not get around a factor (ASVS 6.4.3).
func (s *Service) takeOver(ctx context.Context, tx *database.Tx, accountID string) error {
	err := account.Confirm(ctx, tx, accountID)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := federation.DropAll(ctx, tx, accountID); err != nil {
		return err
	}
	return s.Factors.RemoveAll(ctx, tx, accountID)
}

package service

import (
	"context"
	"errors"
	"slices"
	"strings"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// confirmImportedAccount takes the mark of an imported account away once one session
// has shown a code from an e-mail and something else: the address and the password, or
// a factor, are one person's.
//
// The shop that an account comes from may never have verified its address, so a
// stranger may have made it, with a password that the stranger knows. What the stranger
// sets up here, a generator or a passkey, must not keep the owner of the address out:
// see takeOver. An account that was made here belongs to whoever had the code and the
// registration from the beginning.
func (s *Service) confirmImportedAccount(ctx context.Context, tx *database.Tx, accountID, methods string) error {
	shown := strings.Fields(methods)
	if len(shown) < 2 || !slices.Contains(shown, string(authn.ByCode)) {
		return nil
	}
	err := store.Confirm(ctx, tx, accountID)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	return err
}

// takeOver gives an imported account that nobody has confirmed to whoever reads its
// address: all second factors and linked identities of it go, and the owner is told of
// each factor. The caller has set a new password and ended all sessions. Of any other
// account it takes nothing: a new password must not get around a factor (ASVS 6.4.3).
func (s *Service) takeOver(ctx context.Context, tx *database.Tx, accountID string) error {
	err := store.Confirm(ctx, tx, accountID)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := store.DropIdentities(ctx, tx, accountID); err != nil {
		return err
	}
	return s.removeFactors(ctx, tx, accountID)
}

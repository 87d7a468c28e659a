package account

import (
	"context"
	"errors"
	"slices"
	"strings"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// ConfirmImported takes the mark of an imported account away once one session
// has shown a code from an e-mail and something else: the address and the password, or
// a factor, are one person's.
//
// The shop that an account comes from may never have verified its address, so a
// stranger may have made it, with a password that the stranger knows. What the stranger
// sets up here, an authenticator app or a passkey, must not keep the owner of the address out:
// see takeOver. An account that was made here belongs to whoever had the code and the
// registration from the beginning.
func (s *Service) ConfirmImported(ctx context.Context, tx *database.Tx, accountID, methods string) error {
	shown := strings.Fields(methods)
	if len(shown) < 2 || !slices.Contains(shown, string(authn.ByCode)) {
		return nil
	}
	err := Confirm(ctx, tx, accountID)
	if errors.Is(err, store.ErrChanged) {
		return nil
	}
	return err
}

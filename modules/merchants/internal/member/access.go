package member

import (
	"context"
	"errors"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/identity"
)

// RoleOf reads the role of a user with a merchant: ROLE_UNSPECIFIED for somebody
// without one, and for everybody when there is no such merchant.
func RoleOf(ctx context.Context, q *database.Tx, merchantID, userID string) (merchantsv1.Role, error) {
	m, err := Of(ctx, q, merchantID, userID)
	if errors.Is(err, database.ErrNotFound) {
		return merchantsv1.Role_ROLE_UNSPECIFIED, nil
	}
	return m.Role, err
}

// RequireOwner checks that the caller is an owner of the merchant.
//
//  1. No role with it, or no such merchant: merchantsv1.MerchantNotFound.
//  2. A lesser role: merchantsv1.RoleTooLow.
//  3. A session that has shown one factor where the shop demands two:
//     second_factor_required.
func RequireOwner(ctx context.Context, q *database.Tx, merchantID string) error {
	caller := identity.FromContext(ctx)
	role, err := RoleOf(ctx, q, merchantID, caller.UserID)
	switch {
	case err != nil:
		return err
	case role == merchantsv1.Role_ROLE_UNSPECIFIED:
		return merchantsv1.MerchantNotFound.New()
	case role != merchantsv1.Role_ROLE_OWNER:
		return merchantsv1.RoleTooLow.New()
	case caller.FactorNeeded:
		return identity.ErrSecondFactor() //nolint:wrapcheck // it is what the client gets
	}
	return nil
}

// LockOwned is Lock and RequireOwner: from here on the caller stays an owner.
func LockOwned(ctx context.Context, tx *database.Tx, merchantID string) error {
	if err := Lock(ctx, tx, merchantID); err != nil {
		return err
	}
	return RequireOwner(ctx, tx, merchantID)
}

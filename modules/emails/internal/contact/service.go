package contact

import (
	"context"
	"errors"
	"time"

	"app/platform/database"
	"app/platform/emailaddr"
)

// RememberAccount notes an address that an account has shown to be its own, unless a
// later one was told. What is no address is not noted: no e-mail goes there, so nothing
// has to be known of it.
func RememberAccount(ctx context.Context, tx *database.Tx, userID, address string, at time.Time) error {
	parsed, err := emailaddr.Parse(address)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	account := Account{UserID: userID, Address: parsed.Key(), ToldAt: at}
	for range 2 {
		if err := updateAccount(ctx, tx, account); !errors.Is(err, database.ErrChanged) {
			return err
		}
		if err := insertAccount(ctx, tx, account); !errors.Is(err, database.ErrDuplicate) {
			return err
		}
	}
	return nil // a later one is there
}

// IsOwn reports whether an account has shown the address to be its own. A guest has no
// account, and what is no address is nobody's.
func IsOwn(ctx context.Context, q *database.Tx, userID, address string) (bool, error) {
	parsed, err := emailaddr.Parse(address)
	if userID == "" || err != nil {
		return false, nil //nolint:nilerr // the e-mail itself will fail for it
	}
	return hasAddress(ctx, q, userID, parsed.Key())
}

// RememberCustomers notes whom merchants may write to, in the order given: rows are
// locked in it. One that is there stays as it is.
func RememberCustomers(ctx context.Context, tx *database.Tx, customers ...Customer) error {
	for _, c := range customers {
		if err := insertCustomer(ctx, tx, c); err != nil && !errors.Is(err, database.ErrDuplicate) {
			return err
		}
	}
	return nil
}

package account

import (
	"context"
	"fmt"

	"app/modules/users/internal/store"
	"app/platform/database"
)

const (
	confirm      = `UPDATE users_accounts SET unconfirmed = 0 WHERE id = ? AND unconfirmed = 1`
	nextHashKind = `SELECT hash_kind FROM users_accounts WHERE hash_kind > ? ORDER BY hash_kind LIMIT 1`
)

// maxHashKinds bounds the kinds of hashes from elsewhere that there are at a time.
const maxHashKinds = 16

// Confirm takes the mark of an account from elsewhere away. ErrChanged: it has none.
func Confirm(ctx context.Context, tx *database.Tx, id string) error {
	return tx.One(ctx, "confirm account", confirm, id)
}

// HashKinds lists the kinds of hashes from elsewhere that accounts have, each once, at
// most MaxHashKinds. It reads a row for each kind.
func HashKinds(ctx context.Context, tx *database.Tx) (kinds []string, err error) {
	last := ""
	for len(kinds) < maxHashKinds {
		next, err := store.Texts(ctx, tx, nextHashKind, last)
		if err != nil {
			return nil, fmt.Errorf("list kinds of hashes: %w", err)
		}
		if len(next) == 0 {
			break
		}
		kinds, last = append(kinds, next[0]), next[0]
	}
	return kinds, nil
}

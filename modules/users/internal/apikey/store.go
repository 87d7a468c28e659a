package apikey

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// keyRow is a row of users_api_keys.
type keyRow struct {
	bun.BaseModel `bun:"table:users_api_keys,alias:k"`

	ID         string             `bun:"id,pk"`
	MerchantID string             `bun:"merchant_id"`
	Name       string             `bun:"name"`
	Hash       string             `bun:"key_hash"`
	Hint       string             `bun:"hint"`
	Scopes     string             `bun:"scopes"`
	CreatedBy  string             `bun:"created_by"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	ExpiresAt  database.Timestamp `bun:"expires_at,nullzero"`
	LastUsedAt database.Timestamp `bun:"last_used_at,nullzero"`
	RevokedAt  database.Timestamp `bun:"revoked_at,nullzero"`
}

var keys = database.ModelOf[keyRow]()

func newKeyRow(k Key) keyRow {
	return keyRow{
		ID: k.ID, MerchantID: k.MerchantID, Name: k.Name, Hash: k.Hash, Hint: k.Hint, Scopes: k.Scopes, CreatedBy: k.CreatedBy,
		CreatedAt: database.Timestamp{Time: k.CreatedAt}, ExpiresAt: database.Timestamp{Time: k.ExpiresAt},
		LastUsedAt: database.Timestamp{Time: k.LastUsedAt}, RevokedAt: database.Timestamp{Time: k.RevokedAt},
	}
}

func (r keyRow) toKey() Key {
	return Key{
		ID: r.ID, MerchantID: r.MerchantID, Name: r.Name, Hash: r.Hash, Hint: r.Hint, Scopes: r.Scopes, CreatedBy: r.CreatedBy,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, LastUsedAt: r.LastUsedAt.Time, RevokedAt: r.RevokedAt.Time,
	}
}

const (
	touchAPIKey  = `UPDATE users_api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)`
	revokeAPIKey = `UPDATE users_api_keys SET revoked_at = ? WHERE id = ? AND merchant_id = ? AND revoked_at IS NULL`
)

// lockMerchant makes transactions that count a merchant's keys wait for each other.
func lockMerchant(ctx context.Context, tx *database.Tx, merchantID string) error {
	return tx.Lock(ctx, "users_merchant_locks", merchantID)
}

// insertKey adds a key. ErrDuplicate: the id has one, so the request is a
// repetition.
func insertKey(ctx context.Context, tx *database.Tx, k Key) error {
	return keys.Insert(ctx, tx, "api key", newKeyRow(k))
}

// keyByHash reads a key, also one that is revoked or has run out. ErrNotFound.
func keyByHash(ctx context.Context, tx *database.Tx, hash string) (Key, error) {
	row, err := keys.Get(ctx, tx, "api key", `WHERE k.key_hash = ?`, hash)
	return row.toKey(), err
}

// keysOf reads the keys of a merchant that are in force, the newest first.
func keysOf(ctx context.Context, tx *database.Tx, merchantID string, now time.Time) ([]Key, error) {
	rows, err := keys.List(ctx, tx, "api keys", `WHERE k.merchant_id = ? AND k.revoked_at IS NULL
		AND (k.expires_at IS NULL OR k.expires_at > ?) ORDER BY k.id DESC LIMIT 200`, merchantID, database.Micros(now))
	return store.Convert(rows, keyRow.toKey), err
}

// touchKey records that a key is in use, unless that was recorded after a time
// already.
func touchKey(ctx context.Context, tx *database.Tx, id string, now, unlessAfter time.Time) error {
	return store.Exec(ctx, tx, "touch api key", touchAPIKey, database.Micros(now), id, database.Micros(unlessAfter))
}

// keyByID reads a key of a merchant, also one that is revoked or has run out.
// ErrNotFound.
func keyByID(ctx context.Context, tx *database.Tx, merchantID, id string) (Key, error) {
	row, err := keys.Get(ctx, tx, "api key", `WHERE k.merchant_id = ? AND k.id = ?`, merchantID, id)
	return row.toKey(), err
}

// revokeKey ends a key of a merchant. ErrChanged: it has no such key, or no longer.
func revokeKey(ctx context.Context, tx *database.Tx, merchantID, id string, now time.Time) error {
	return tx.One(ctx, "revoke api key", revokeAPIKey, database.Micros(now), id, merchantID)
}

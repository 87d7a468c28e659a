package apikey

import (
	"context"
	"database/sql"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// Key is a merchant's key, of which the hash alone is kept.
type Key struct {
	ID         string // key_...
	MerchantID string
	Name       string
	Hash       string
	Hint       string // the first characters
	Scopes     string // with spaces between
	CreatedBy  string // usr_...
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never, for keys made before every key had an end
	LastUsedAt time.Time // zero: not yet
	RevokedAt  time.Time // zero: not revoked
}

const (
	apiKeyColumns = `id, merchant_id, name, key_hash, hint, scopes, created_by, created_at, expires_at, last_used_at, revoked_at`

	insertAPIKey = `INSERT INTO users_api_keys (` + apiKeyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)`
	apiKeyByHash = `SELECT ` + apiKeyColumns + ` FROM users_api_keys WHERE key_hash = ?`
	apiKeyByID   = `SELECT ` + apiKeyColumns + ` FROM users_api_keys WHERE merchant_id = ? AND id = ?`
	apiKeysOf    = `SELECT ` + apiKeyColumns + ` FROM users_api_keys
		WHERE merchant_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) ORDER BY id DESC LIMIT 200`
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
	_, err := tx.Exec(ctx, insertAPIKey, k.ID, k.MerchantID, k.Name, k.Hash, k.Hint, k.Scopes, k.CreatedBy, database.Micros(k.CreatedAt), store.NullMicros(k.ExpiresAt))
	return database.Inserted("api key", err)
}

// keyByHash reads a key, also one that is revoked or has run out. ErrNotFound.
func keyByHash(ctx context.Context, tx *database.Tx, hash string) (Key, error) {
	return scanKey(tx.QueryRow(ctx, apiKeyByHash, hash))
}

// keysOf reads the keys of a merchant that are in force, the newest first.
func keysOf(ctx context.Context, tx *database.Tx, merchantID string, now time.Time) (out []Key, err error) {
	rows, err := tx.Query(ctx, apiKeysOf, merchantID, database.Micros(now))
	if err != nil {
		return nil, database.Found("api keys", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, database.Found("api keys", rows.Err())
}

// touchKey records that a key is in use, unless that was recorded after a time
// already.
func touchKey(ctx context.Context, tx *database.Tx, id string, now, unlessAfter time.Time) error {
	return store.Exec(ctx, tx, "touch api key", touchAPIKey, database.Micros(now), id, database.Micros(unlessAfter))
}

// keyByID reads a key of a merchant, also one that is revoked or has run out.
// ErrNotFound.
func keyByID(ctx context.Context, tx *database.Tx, merchantID, id string) (Key, error) {
	return scanKey(tx.QueryRow(ctx, apiKeyByID, merchantID, id))
}

// revokeKey ends a key of a merchant. ErrChanged: it has no such key, or no longer.
func revokeKey(ctx context.Context, tx *database.Tx, merchantID, id string, now time.Time) error {
	return tx.One(ctx, "revoke api key", revokeAPIKey, database.Micros(now), id, merchantID)
}

func scanKey(row store.Scanner) (Key, error) {
	var k Key
	var created int64
	var expires, used, revoked sql.NullInt64
	err := row.Scan(&k.ID, &k.MerchantID, &k.Name, &k.Hash, &k.Hint, &k.Scopes, &k.CreatedBy, &created, &expires, &used, &revoked)
	if err != nil {
		return Key{}, database.Found("api key", err)
	}
	k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.RevokedAt = database.Time(created), database.NullTime(expires), database.NullTime(used), database.NullTime(revoked)
	return k, nil
}

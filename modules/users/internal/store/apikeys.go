package store

import (
	"context"
	"database/sql"
	"time"

	"app/platform/database"
)

// APIKey is a merchant's key, of which the hash alone is kept.
type APIKey struct {
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

// LockMerchant makes transactions that count a merchant's keys wait for each other.
func LockMerchant(ctx context.Context, tx *database.Tx, merchantID string) error {
	return tx.Lock(ctx, "users_merchant_locks", merchantID)
}

// InsertAPIKey adds a key. ErrDuplicate: the id has one, so the request is a
// repetition.
func InsertAPIKey(ctx context.Context, tx *database.Tx, k APIKey) error {
	_, err := tx.Exec(ctx, insertAPIKey, k.ID, k.MerchantID, k.Name, k.Hash, k.Hint, k.Scopes, k.CreatedBy, database.Micros(k.CreatedAt), NullMicros(k.ExpiresAt))
	return database.Inserted("api key", err)
}

// APIKeyByHash reads a key, also one that is revoked or has run out. ErrNotFound.
func APIKeyByHash(ctx context.Context, tx *database.Tx, hash string) (APIKey, error) {
	return scanAPIKey(tx.QueryRow(ctx, apiKeyByHash, hash))
}

// APIKeysOf reads the keys of a merchant that are in force, the newest first.
func APIKeysOf(ctx context.Context, tx *database.Tx, merchantID string, now time.Time) (out []APIKey, err error) {
	rows, err := tx.Query(ctx, apiKeysOf, merchantID, database.Micros(now))
	if err != nil {
		return nil, database.Found("api keys", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		k, err := scanAPIKey(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, database.Found("api keys", rows.Err())
}

// TouchAPIKey records that a key is in use, unless that was recorded after a time
// already.
func TouchAPIKey(ctx context.Context, tx *database.Tx, id string, now, unlessAfter time.Time) error {
	return Exec(ctx, tx, "touch api key", touchAPIKey, database.Micros(now), id, database.Micros(unlessAfter))
}

// APIKeyByID reads a key of a merchant, also one that is revoked or has run out.
// ErrNotFound.
func APIKeyByID(ctx context.Context, tx *database.Tx, merchantID, id string) (APIKey, error) {
	return scanAPIKey(tx.QueryRow(ctx, apiKeyByID, merchantID, id))
}

// RevokeAPIKey ends a key of a merchant. ErrChanged: it has no such key, or no longer.
func RevokeAPIKey(ctx context.Context, tx *database.Tx, merchantID, id string, now time.Time) error {
	return tx.One(ctx, "revoke api key", revokeAPIKey, database.Micros(now), id, merchantID)
}

func scanAPIKey(row Scanner) (APIKey, error) {
	var k APIKey
	var created int64
	var expires, used, revoked sql.NullInt64
	err := row.Scan(&k.ID, &k.MerchantID, &k.Name, &k.Hash, &k.Hint, &k.Scopes, &k.CreatedBy, &created, &expires, &used, &revoked)
	if err != nil {
		return APIKey{}, database.Found("api key", err)
	}
	k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.RevokedAt = database.Time(created), database.NullTime(expires), database.NullTime(used), database.NullTime(revoked)
	return k, nil
}

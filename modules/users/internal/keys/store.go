package keys

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// Key is a key that signs or has signed access tokens.
type Key struct {
	ID         string
	Generation int64
	Private    ed25519.PrivateKey
	CreatedAt  time.Time
	ActiveFrom time.Time // signs from then on, until a newer one does
	NotAfter   time.Time // verifies until then; zero: no end
}

const (
	insertKeySQL = `INSERT INTO users_keys (kid, generation, seed, created_at, active_from, not_after) VALUES (?, ?, ?, ?, ?, NULL)`
	keysAt       = `SELECT kid, generation, seed, created_at, active_from, not_after FROM users_keys
		WHERE not_after IS NULL OR not_after > ? ORDER BY generation DESC`
	newestOf        = `SELECT COALESCE(MAX(generation), 0) FROM users_keys`
	retireKeySQL    = `UPDATE users_keys SET not_after = ? WHERE kid = ? AND (not_after IS NULL OR not_after > ?)`
	oldKeys         = `SELECT kid FROM users_keys WHERE not_after < ? LIMIT 100`
	deleteKey       = `DELETE FROM users_keys WHERE kid = ?`
	insertSecretSQL = `INSERT INTO users_secrets (name, secret, created_at) VALUES (?, ?, ?)`
	anySecret       = `SELECT name FROM users_secrets WHERE name = 'hmac'`
	secretByName    = `SELECT secret FROM users_secrets WHERE name = ?`
)

// insertKey adds a key. ErrDuplicate: its generation has one, which another process
// made.
func insertKey(ctx context.Context, tx *database.Tx, k Key) error {
	_, err := tx.Exec(ctx, insertKeySQL, k.ID, k.Generation, base64.RawURLEncoding.EncodeToString(k.Private.Seed()),
		database.Micros(k.CreatedAt), database.Micros(k.ActiveFrom))
	return database.Inserted("key", err)
}

// lockKeys lets one transaction at a time change the keys. ErrNotFound before the first
// start.
func lockKeys(ctx context.Context, tx *database.Tx) error {
	query := anySecret
	if tx.Engine() == database.MySQL {
		query += ` FOR UPDATE`
	}
	var name string
	return database.Found("secret", tx.QueryRow(ctx, query).Scan(&name))
}

// newestGeneration is the highest generation of a key, also of one that has ended; 0 when
// there is none.
func newestGeneration(ctx context.Context, tx *database.Tx) (n int64, err error) {
	err = tx.QueryRow(ctx, newestOf).Scan(&n)
	return n, database.Found("generation", err)
}

// retireKey sets the end of a key, never later than it was.
func retireKey(ctx context.Context, tx *database.Tx, id string, notAfter time.Time) error {
	end := database.Micros(notAfter)
	return store.Exec(ctx, tx, "retire key", retireKeySQL, end, id, end)
}

// Sweep removes at most 100 keys that ended before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	return store.DeleteEach(ctx, tx, "keys", oldKeys, deleteKey, database.Micros(before))
}

// verifyingKeys reads the keys that verify at a time, the newest first.
func verifyingKeys(ctx context.Context, tx *database.Tx, now time.Time) (out []Key, err error) {
	rows, err := tx.Query(ctx, keysAt, database.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return out, nil
}

func scanKey(row store.Scanner) (k Key, err error) {
	var seed string
	var created int64
	var from, notAfter sql.NullInt64
	if err := row.Scan(&k.ID, &k.Generation, &seed, &created, &from, &notAfter); err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return Key{}, errors.New("read key: " + k.ID + " is damaged")
	}
	k.Private, k.CreatedAt, k.NotAfter = ed25519.NewKeyFromSeed(raw), database.Time(created), database.NullTime(notAfter)
	if k.ActiveFrom = database.NullTime(from); k.ActiveFrom.IsZero() {
		k.ActiveFrom = k.CreatedAt
	}
	return k, nil
}

// insertSecret keeps a secret under a name. ErrDuplicate: another process made it.
func insertSecret(ctx context.Context, tx *database.Tx, name string, key secret.Key, now time.Time) error {
	_, err := tx.Exec(ctx, insertSecretSQL, name, base64.RawURLEncoding.EncodeToString(key), database.Micros(now))
	return database.Inserted("secret", err)
}

// readSecret reads a secret. ErrNotFound.
func readSecret(ctx context.Context, tx *database.Tx, name string) (secret.Key, error) {
	var text string
	if err := tx.QueryRow(ctx, secretByName, name).Scan(&text); err != nil {
		return nil, database.Found("secret", err)
	}
	key, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return key, nil
}

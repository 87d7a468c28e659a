package store

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Key is a key that signs or has signed access tokens.
type Key struct {
	ID         string
	Generation int64
	Private    ed25519.PrivateKey
	CreatedAt  time.Time
	NotAfter   time.Time // zero: no end
}

const (
	insertKey    = `INSERT INTO users_keys (kid, generation, seed, created_at, not_after) VALUES (?, ?, ?, ?, NULL)`
	keysAt       = `SELECT kid, generation, seed, created_at, not_after FROM users_keys WHERE not_after IS NULL OR not_after > ? ORDER BY generation DESC`
	insertSecret = `INSERT INTO users_secrets (name, secret, created_at) VALUES (?, ?, ?)`
	secretByName = `SELECT secret FROM users_secrets WHERE name = ?`
)

// InsertKey adds a key. ErrDuplicate: its generation has one, which another process made.
func InsertKey(ctx context.Context, tx *database.Tx, k Key) error {
	_, err := tx.Exec(ctx, insertKey, k.ID, k.Generation, base64.RawURLEncoding.EncodeToString(k.Private.Seed()), database.Micros(k.CreatedAt))
	return inserted("key", err)
}

// Keys reads the keys that verify at a time, the newest first: that one signs.
func Keys(ctx context.Context, tx *database.Tx, now time.Time) (out []Key, err error) {
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

func scanKey(row scanner) (k Key, err error) {
	var seed string
	var created int64
	var notAfter sql.NullInt64
	if err := row.Scan(&k.ID, &k.Generation, &seed, &created, &notAfter); err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return Key{}, errors.New("read key: " + k.ID + " is damaged")
	}
	k.Private, k.CreatedAt, k.NotAfter = ed25519.NewKeyFromSeed(raw), database.Time(created), timeOf(notAfter)
	return k, nil
}

// InsertSecret keeps a secret under a name. ErrDuplicate: another process made it.
func InsertSecret(ctx context.Context, tx *database.Tx, name string, secret []byte, now time.Time) error {
	_, err := tx.Exec(ctx, insertSecret, name, base64.RawURLEncoding.EncodeToString(secret), database.Micros(now))
	return inserted("secret", err)
}

// Secret reads a secret. ErrNotFound.
func Secret(ctx context.Context, tx *database.Tx, name string) ([]byte, error) {
	var text string
	if err := tx.QueryRow(ctx, secretByName, name).Scan(&text); err != nil {
		return nil, found("secret", err)
	}
	secret, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return secret, nil
}

package keys

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// keyRow is a row of users_keys.
type keyRow struct {
	bun.BaseModel `bun:"table:users_keys,alias:k"`

	ID         string             `bun:"kid,pk"`
	Generation int64              `bun:"generation"`
	Seed       string             `bun:"seed"` // in base64url
	CreatedAt  database.Timestamp `bun:"created_at"`
	ActiveFrom database.Timestamp `bun:"active_from,nullzero"` // NULL: since CreatedAt
	NotAfter   database.Timestamp `bun:"not_after,nullzero"`
}

// secretRow is a row of users_secrets.
type secretRow struct {
	bun.BaseModel `bun:"table:users_secrets,alias:s"`

	Name      string             `bun:"name,pk"`
	Secret    string             `bun:"secret"` // in base64url
	CreatedAt database.Timestamp `bun:"created_at"`
}

var (
	keyRows = database.ModelOf[keyRow]()
	secrets = database.ModelOf[secretRow]()
)

func newKeyRow(k Key) keyRow {
	return keyRow{
		ID: k.ID, Generation: k.Generation, Seed: base64.RawURLEncoding.EncodeToString(k.Private.Seed()),
		CreatedAt: database.Timestamp{Time: k.CreatedAt}, ActiveFrom: database.Timestamp{Time: k.ActiveFrom},
		NotAfter: database.Timestamp{Time: k.NotAfter},
	}
}

// toKey fails for a key that is damaged.
func (r keyRow) toKey() (Key, error) {
	seed, err := base64.RawURLEncoding.DecodeString(r.Seed)
	if err != nil || len(seed) != ed25519.SeedSize {
		return Key{}, errors.New("read key: " + r.ID + " is damaged")
	}
	k := Key{
		ID: r.ID, Generation: r.Generation, Private: ed25519.NewKeyFromSeed(seed),
		CreatedAt: r.CreatedAt.Time, ActiveFrom: r.ActiveFrom.Time, NotAfter: r.NotAfter.Time,
	}
	if k.ActiveFrom.IsZero() {
		k.ActiveFrom = k.CreatedAt
	}
	return k, nil
}

const (
	newestOf     = `SELECT COALESCE(MAX(generation), 0) FROM users_keys`
	retireKeySQL = `UPDATE users_keys SET not_after = ? WHERE kid = ? AND (not_after IS NULL OR not_after > ?)`
	oldKeys      = `SELECT kid FROM users_keys WHERE not_after < ? LIMIT 100`
	deleteKey    = `DELETE FROM users_keys WHERE kid = ?`
	anySecret    = `SELECT name FROM users_secrets WHERE name = 'hmac'`
)

// insertKey adds a key. ErrDuplicate: its generation has one, which another process
// made.
func insertKey(ctx context.Context, tx *database.Tx, k Key) error {
	return keyRows.Insert(ctx, tx, "key", newKeyRow(k))
}

// lockKeys lets one transaction at a time change the keys. ErrNotFound before the first
// start.
func lockKeys(ctx context.Context, tx *database.Tx) error {
	var name string
	return database.Found("secret", tx.QueryRow(ctx, anySecret+tx.ForUpdate()).Scan(&name))
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
func verifyingKeys(ctx context.Context, tx *database.Tx, now time.Time) ([]Key, error) {
	rows, err := keyRows.List(ctx, tx, "keys", `WHERE k.not_after IS NULL OR k.not_after > ? ORDER BY k.generation DESC`, database.Micros(now))
	if err != nil {
		return nil, err
	}
	var out []Key
	for _, row := range rows {
		k, err := row.toKey()
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// insertSecret keeps a secret under a name. ErrDuplicate: another process made it.
func insertSecret(ctx context.Context, tx *database.Tx, name string, key secret.Key, now time.Time) error {
	row := secretRow{Name: name, Secret: base64.RawURLEncoding.EncodeToString(key), CreatedAt: database.Timestamp{Time: now}}
	return secrets.Insert(ctx, tx, "secret", row)
}

// readSecret reads a secret. ErrNotFound.
func readSecret(ctx context.Context, tx *database.Tx, name string) (secret.Key, error) {
	row, err := secrets.Get(ctx, tx, "secret", `WHERE s.name = ?`, name)
	if err != nil {
		return nil, err
	}
	key, err := base64.RawURLEncoding.DecodeString(row.Secret)
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return key, nil
}

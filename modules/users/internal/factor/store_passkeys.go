package factor

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

const (
	passkeyColumns = `id, account_id, key_hash, name, credential, sign_count, created_at, used_at`

	insertPasskey = `INSERT INTO users_passkeys (` + passkeyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)`
	passkeysOf    = `SELECT ` + passkeyColumns + ` FROM users_passkeys WHERE account_id = ? ORDER BY id LIMIT 100`
	passkeyByHash = `SELECT ` + passkeyColumns + ` FROM users_passkeys WHERE key_hash = ?`
	usePasskey    = `UPDATE users_passkeys SET credential = ?, sign_count = ?, used_at = ? WHERE id = ? AND sign_count = ?`
	deletePasskey = `DELETE FROM users_passkeys WHERE id = ? AND account_id = ?`
)

// InsertPasskey adds a passkey. ErrDuplicate: the credential is somebody's already.
func InsertPasskey(ctx context.Context, tx *database.Tx, p Passkey) error {
	_, err := tx.Exec(ctx, insertPasskey, p.ID, p.AccountID, p.KeyHash, p.Name, p.Credential, p.SignCount, database.Micros(p.CreatedAt))
	return database.Inserted("passkey", err)
}

// PasskeysOf reads the passkeys of an account, the oldest first.
func PasskeysOf(ctx context.Context, tx *database.Tx, accountID string) (out []Passkey, err error) {
	rows, err := tx.Query(ctx, passkeysOf, accountID)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		p, err := scanPasskey(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, database.Found("passkeys", rows.Err())
}

// PasskeyByHash reads a passkey by the hash of its credential's id. ErrNotFound.
func PasskeyByHash(ctx context.Context, tx *database.Tx, hash string) (Passkey, error) {
	return scanPasskey(tx.QueryRow(ctx, passkeyByHash, hash))
}

func scanPasskey(row store.Scanner) (p Passkey, err error) {
	var created int64
	var used sql.NullInt64
	if err := row.Scan(&p.ID, &p.AccountID, &p.KeyHash, &p.Name, &p.Credential, &p.SignCount, &created, &used); err != nil {
		return Passkey{}, database.Found("passkey", err)
	}
	p.CreatedAt, p.UsedAt = database.Time(created), database.NullTime(used)
	return p, nil
}

// UsePasskey records a use: the credential and count of p, which was read with the
// count before. ErrChanged: it was used at the same time, or is gone.
func UsePasskey(ctx context.Context, tx *database.Tx, p Passkey, before int64, now time.Time) error {
	return tx.One(ctx, "use passkey", usePasskey, p.Credential, p.SignCount, database.Micros(now), p.ID, before)
}

// DeletePasskey removes a passkey of an account. ErrChanged: it has no such.
func DeletePasskey(ctx context.Context, tx *database.Tx, accountID, id string) error {
	return tx.One(ctx, "delete passkey", deletePasskey, id, accountID)
}

package factor

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// passkeyRow is a row of users_passkeys.
type passkeyRow struct {
	bun.BaseModel `bun:"table:users_passkeys,alias:p"`

	ID         string             `bun:"id,pk"`
	AccountID  string             `bun:"account_id"`
	KeyHash    string             `bun:"key_hash"`
	Name       string             `bun:"name"`
	Credential string             `bun:"credential"`
	SignCount  int64              `bun:"sign_count"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	UsedAt     database.Timestamp `bun:"used_at,nullzero"`
}

var passkeys = database.ModelOf[passkeyRow]()

func newPasskeyRow(p Passkey) passkeyRow {
	return passkeyRow{
		ID: p.ID, AccountID: p.AccountID, KeyHash: p.KeyHash, Name: p.Name, Credential: p.Credential, SignCount: p.SignCount,
		CreatedAt: database.Timestamp{Time: p.CreatedAt}, UsedAt: database.Timestamp{Time: p.UsedAt},
	}
}

func (r passkeyRow) toPasskey() Passkey {
	return Passkey{
		ID: r.ID, AccountID: r.AccountID, KeyHash: r.KeyHash, Name: r.Name, Credential: r.Credential, SignCount: r.SignCount,
		CreatedAt: r.CreatedAt.Time, UsedAt: r.UsedAt.Time,
	}
}

const (
	usePasskey    = `UPDATE users_passkeys SET credential = ?, sign_count = ?, used_at = ? WHERE id = ? AND sign_count = ?`
	deletePasskey = `DELETE FROM users_passkeys WHERE id = ? AND account_id = ?`
)

// InsertPasskey adds a passkey. ErrDuplicate: the credential is somebody's already.
func InsertPasskey(ctx context.Context, tx *database.Tx, p Passkey) error {
	return passkeys.Insert(ctx, tx, "passkey", newPasskeyRow(p))
}

// PasskeysOf reads the passkeys of an account, the oldest first.
func PasskeysOf(ctx context.Context, tx *database.Tx, accountID string) ([]Passkey, error) {
	rows, err := passkeys.List(ctx, tx, "passkeys", `WHERE p.account_id = ? ORDER BY p.id LIMIT 100`, accountID)
	return store.Convert(rows, passkeyRow.toPasskey), err
}

// PasskeyByHash reads a passkey by the hash of its credential's id. ErrNotFound.
func PasskeyByHash(ctx context.Context, tx *database.Tx, hash string) (Passkey, error) {
	row, err := passkeys.Get(ctx, tx, "passkey", `WHERE p.key_hash = ?`, hash)
	return row.toPasskey(), err
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

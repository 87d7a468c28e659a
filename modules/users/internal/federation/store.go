package federation

import (
	"context"
	"fmt"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// LinkedIdentity is somebody at a provider who signs in to an account.
type LinkedIdentity struct {
	ID              string // idn_...
	AccountID       string
	Provider        string // its name in the configuration, when it was linked
	Issuer, Subject string // who it is; unique
	Email           string // as the provider said last
	CreatedAt       time.Time
	UsedAt          time.Time
}

const (
	identityColumns = `id, account_id, provider, issuer, subject, email, created_at, used_at`

	insertIdentity    = `INSERT INTO users_identities (` + identityColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	identityBySubject = `SELECT ` + identityColumns + ` FROM users_identities WHERE issuer = ? AND subject = ?`
	identitiesOf      = `SELECT ` + identityColumns + ` FROM users_identities WHERE account_id = ? ORDER BY id LIMIT 100`
	useIdentity       = `UPDATE users_identities SET email = ?, used_at = ? WHERE id = ?`
	dropIdentities    = `DELETE FROM users_identities WHERE account_id = ?`
	deleteIdentity    = `DELETE FROM users_identities WHERE id = ? AND account_id = ?`
)

// addIdentity links an identity to an account. ErrDuplicate: it is linked, to this
// account or another.
func addIdentity(ctx context.Context, tx *database.Tx, i LinkedIdentity) error {
	at := database.Micros(i.CreatedAt)
	_, err := tx.Exec(ctx, insertIdentity, i.ID, i.AccountID, i.Provider, i.Issuer, i.Subject, i.Email, at, at)
	return database.Inserted("identity", err)
}

// BySubject finds who an issuer's subject is. ErrNotFound.
func BySubject(ctx context.Context, tx *database.Tx, issuer, subject string) (LinkedIdentity, error) {
	return scanIdentity(tx.QueryRow(ctx, identityBySubject, issuer, subject))
}

// listIdentities reads the identities of an account, the oldest first.
func listIdentities(ctx context.Context, tx *database.Tx, accountID string) (out []LinkedIdentity, err error) {
	rows, err := tx.Query(ctx, identitiesOf, accountID)
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		i, err := scanIdentity(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, database.Found("identities", rows.Err())
}

func scanIdentity(row store.Scanner) (i LinkedIdentity, err error) {
	var created, used int64
	if err := row.Scan(&i.ID, &i.AccountID, &i.Provider, &i.Issuer, &i.Subject, &i.Email, &created, &used); err != nil {
		return LinkedIdentity{}, database.Found("identity", err)
	}
	i.CreatedAt, i.UsedAt = database.Time(created), database.Time(used)
	return i, nil
}

// Use records a use, and the address that the provider gave with it.
func Use(ctx context.Context, tx *database.Tx, id, email string, now time.Time) error {
	return store.Exec(ctx, tx, "use identity", useIdentity, email, database.Micros(now), id)
}

// removeIdentity unlinks an identity from its account. ErrChanged: the account has no
// such.
func removeIdentity(ctx context.Context, tx *database.Tx, accountID, id string) error {
	return tx.One(ctx, "unlink identity", deleteIdentity, id, accountID)
}

// DropAll unlinks all identities of an account.
func DropAll(ctx context.Context, tx *database.Tx, accountID string) error {
	return store.Exec(ctx, tx, "unlink identities", dropIdentities, accountID)
}

package federation

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// identityRow is a row of users_identities.
type identityRow struct {
	bun.BaseModel `bun:"table:users_identities,alias:i"`

	ID        string             `bun:"id,pk"`
	AccountID string             `bun:"account_id"`
	Provider  string             `bun:"provider"`
	Issuer    string             `bun:"issuer"`
	Subject   string             `bun:"subject"`
	Email     string             `bun:"email"`
	CreatedAt database.Timestamp `bun:"created_at"`
	UsedAt    database.Timestamp `bun:"used_at"`
}

var identities = database.ModelOf[identityRow]()

func newIdentityRow(i LinkedIdentity) identityRow {
	return identityRow{
		ID: i.ID, AccountID: i.AccountID, Provider: i.Provider, Issuer: i.Issuer, Subject: i.Subject, Email: i.Email,
		CreatedAt: database.Timestamp{Time: i.CreatedAt}, UsedAt: database.Timestamp{Time: i.UsedAt},
	}
}

func (r identityRow) toIdentity() LinkedIdentity {
	return LinkedIdentity{
		ID: r.ID, AccountID: r.AccountID, Provider: r.Provider, Issuer: r.Issuer, Subject: r.Subject, Email: r.Email,
		CreatedAt: r.CreatedAt.Time, UsedAt: r.UsedAt.Time,
	}
}

const (
	useIdentity    = `UPDATE users_identities SET email = ?, used_at = ? WHERE id = ?`
	dropIdentities = `DELETE FROM users_identities WHERE account_id = ?`
	deleteIdentity = `DELETE FROM users_identities WHERE id = ? AND account_id = ?`
)

// addIdentity links an identity to an account. ErrDuplicate: it is linked, to this
// account or another.
func addIdentity(ctx context.Context, tx *database.Tx, i LinkedIdentity) error {
	return identities.Insert(ctx, tx, "identity", newIdentityRow(i))
}

// BySubject finds who an issuer's subject is. ErrNotFound.
func BySubject(ctx context.Context, tx *database.Tx, issuer, subject string) (LinkedIdentity, error) {
	row, err := identities.Get(ctx, tx, "identity", `WHERE i.issuer = ? AND i.subject = ?`, issuer, subject)
	return row.toIdentity(), err
}

// listIdentities reads the identities of an account, the oldest first.
func listIdentities(ctx context.Context, tx *database.Tx, accountID string) ([]LinkedIdentity, error) {
	rows, err := identities.List(ctx, tx, "identities", `WHERE i.account_id = ? ORDER BY i.id LIMIT 100`, accountID)
	return store.Convert(rows, identityRow.toIdentity), err
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

package factor

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// totpRow is a row of users_totp.
type totpRow struct {
	bun.BaseModel `bun:"table:users_totp,alias:t"`

	AccountID   string             `bun:"account_id,pk"`
	Secret      string             `bun:"secret"`
	CreatedAt   database.Timestamp `bun:"created_at"`
	ConfirmedAt database.Timestamp `bun:"confirmed_at,nullzero"`
	LastStep    int64              `bun:"last_step"`
	Tries       int                `bun:"tries"`
	TriedAt     int64              `bun:"tried_at"` // microseconds; 0 before the first
}

// recoveryRow is a row of users_recovery. Codes are compared, spent and counted within
// statements alone.
type recoveryRow struct {
	bun.BaseModel `bun:"table:users_recovery,alias:r"`

	AccountID string             `bun:"account_id,pk"`
	Hash      string             `bun:"code_hash,pk"`
	CreatedAt database.Timestamp `bun:"created_at"`
	SpentAt   database.Timestamp `bun:"spent_at,nullzero"`
}

var (
	totps      = database.ModelOf[totpRow]()
	recoveries = database.ModelOf[recoveryRow]()
)

func newTOTPRow(t TOTP) totpRow {
	row := totpRow{
		AccountID: t.AccountID, Secret: t.Secret, CreatedAt: database.Timestamp{Time: t.CreatedAt},
		ConfirmedAt: database.Timestamp{Time: t.ConfirmedAt}, LastStep: t.LastStep, Tries: t.Tries,
	}
	if !t.TriedAt.IsZero() {
		row.TriedAt = database.Micros(t.TriedAt)
	}
	return row
}

func (r totpRow) toTOTP() TOTP {
	return TOTP{
		AccountID: r.AccountID, Secret: r.Secret, CreatedAt: r.CreatedAt.Time, ConfirmedAt: r.ConfirmedAt.Time,
		LastStep: r.LastStep, Tries: r.Tries, TriedAt: database.Time(r.TriedAt),
	}
}

const (
	tryTOTP = `UPDATE users_totp SET tries = tries + 1, tried_at = ? WHERE account_id = ? AND tries = ?`
	// acceptTOTP goes back in time only where the last step is so far ahead that the
	// clock has gone back since.
	acceptTOTP  = `UPDATE users_totp SET last_step = ?, tries = 0 WHERE account_id = ? AND (last_step < ? OR last_step > ?)`
	confirmTOTP = `UPDATE users_totp SET confirmed_at = ? WHERE account_id = ? AND confirmed_at IS NULL`
	deleteTOTP  = `DELETE FROM users_totp WHERE account_id = ?`

	spendRecovery    = `UPDATE users_recovery SET spent_at = ? WHERE account_id = ? AND code_hash = ? AND spent_at IS NULL`
	countRecovery    = `SELECT COUNT(*) FROM users_recovery WHERE account_id = ? AND spent_at IS NULL`
	deleteRecovery   = `DELETE FROM users_recovery WHERE account_id = ?`
	deletePasskeysOf = `DELETE FROM users_passkeys WHERE account_id = ?`
	countFactorKeys  = `SELECT COUNT(*) FROM users_passkeys WHERE account_id = ?`
)

// InsertTOTP adds an authenticator app that is not confirmed, in place of one that never was.
// ErrDuplicate: there is a confirmed one.
func InsertTOTP(ctx context.Context, tx *database.Tx, t TOTP) error {
	if err := store.Exec(ctx, tx, "replace authenticator app", deleteTOTP+` AND confirmed_at IS NULL`, t.AccountID); err != nil {
		return err
	}
	return totps.Insert(ctx, tx, "authenticator app", newTOTPRow(t))
}

// TOTPOf reads the authenticator app of an account, confirmed or not. ErrNotFound.
func TOTPOf(ctx context.Context, tx *database.Tx, accountID string) (TOTP, error) {
	row, err := totps.Get(ctx, tx, "authenticator app", `WHERE t.account_id = ?`, accountID)
	return row.toTOTP(), err
}

// TryTOTP counts a try before it is made. ErrChanged: somebody else made one at this
// very moment.
func TryTOTP(ctx context.Context, tx *database.Tx, t TOTP, now time.Time) error {
	return tx.One(ctx, "try authenticator app", tryTOTP, database.Micros(now), t.AccountID, t.Tries)
}

// stepsAhead is how many time steps of 30 seconds the last one may be ahead of the one
// that is shown: the code before it against the code after it, and what clocks differ
// by (database.ClockSkew).
const stepsAhead = 5

// AcceptTOTP uses a time step up, and all before it, and forgets the tries. ErrChanged:
// the step was used before.
func AcceptTOTP(ctx context.Context, tx *database.Tx, accountID string, step int64) error {
	return tx.One(ctx, "accept code", acceptTOTP, step, accountID, step, step+stepsAhead)
}

// ConfirmTOTP makes the authenticator app a factor. ErrChanged: it is one, or there is none.
func ConfirmTOTP(ctx context.Context, tx *database.Tx, accountID string, now time.Time) error {
	return tx.One(ctx, "confirm authenticator app", confirmTOTP, database.Micros(now), accountID)
}

// DeleteTOTP removes the authenticator app of an account. ErrChanged: there is none.
func DeleteTOTP(ctx context.Context, tx *database.Tx, accountID string) error {
	return tx.One(ctx, "delete authenticator app", deleteTOTP, accountID)
}

// ReplaceRecovery gives an account a new set of recovery codes, by their hashes; none
// removes the set.
func ReplaceRecovery(ctx context.Context, tx *database.Tx, accountID string, hashes []string, now time.Time) error {
	if err := store.Exec(ctx, tx, "delete recovery codes", deleteRecovery, accountID); err != nil {
		return err
	}
	rows := make([]recoveryRow, len(hashes))
	for i, hash := range hashes {
		rows[i] = recoveryRow{AccountID: accountID, Hash: hash, CreatedAt: database.Timestamp{Time: now}}
	}
	return recoveries.Insert(ctx, tx, "recovery codes", rows...)
}

// SpendRecovery uses a recovery code up. ErrChanged: there is none like it, or it was
// used before.
func SpendRecovery(ctx context.Context, tx *database.Tx, accountID, hash string, now time.Time) error {
	return tx.One(ctx, "spend recovery code", spendRecovery, database.Micros(now), accountID, hash)
}

// CountRecovery counts the recovery codes that are left.
func CountRecovery(ctx context.Context, tx *database.Tx, accountID string) (n int, err error) {
	err = tx.QueryRow(ctx, countRecovery, accountID).Scan(&n)
	return n, database.Found("recovery codes", err)
}

// CountPasskeys counts the passkeys of an account.
func CountPasskeys(ctx context.Context, tx *database.Tx, accountID string) (n int, err error) {
	err = tx.QueryRow(ctx, countFactorKeys, accountID).Scan(&n)
	return n, database.Found("passkeys", err)
}

// DeleteFactors removes the authenticator app, the passkeys and the recovery codes of an
// account.
func DeleteFactors(ctx context.Context, tx *database.Tx, accountID string) error {
	for what, query := range map[string]string{"authenticator app": deleteTOTP, "passkeys": deletePasskeysOf, "recovery codes": deleteRecovery} {
		if err := store.Exec(ctx, tx, "delete "+what, query, accountID); err != nil {
			return err
		}
	}
	return nil
}

// Of lists the second factors that an account has, any one of which completes a
// sign-in; none when it has no second factor. Recovery codes stand in for a factor and
// are none by themselves.
func Of(ctx context.Context, tx *database.Tx, accountID string) (out []authn.Method, err error) {
	t, err := TOTPOf(ctx, tx, accountID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil && !t.ConfirmedAt.IsZero() {
		out = append(out, authn.ByTOTP)
	}
	passkeys, err := CountPasskeys(ctx, tx, accountID)
	if err != nil {
		return nil, err
	}
	if passkeys > 0 {
		out = append(out, authn.ByPasskey)
	}
	if len(out) == 0 {
		return nil, nil
	}
	left, err := CountRecovery(ctx, tx, accountID)
	if err == nil && left > 0 {
		out = append(out, authn.ByRecovery)
	}
	return out, err
}

package factor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/platform/database"
)

const (
	totpColumns = `account_id, secret, created_at, confirmed_at, last_step, tries, tried_at`

	insertTOTP = `INSERT INTO users_totp (` + totpColumns + `) VALUES (?, ?, ?, NULL, 0, 0, 0)`
	totpOf     = `SELECT ` + totpColumns + ` FROM users_totp WHERE account_id = ?`
	tryTOTP    = `UPDATE users_totp SET tries = tries + 1, tried_at = ? WHERE account_id = ? AND tries = ?`
	// acceptTOTP goes back in time only where the last step is so far ahead that the
	// clock has gone back since.
	acceptTOTP  = `UPDATE users_totp SET last_step = ?, tries = 0 WHERE account_id = ? AND (last_step < ? OR last_step > ?)`
	confirmTOTP = `UPDATE users_totp SET confirmed_at = ? WHERE account_id = ? AND confirmed_at IS NULL`
	deleteTOTP  = `DELETE FROM users_totp WHERE account_id = ?`

	insertRecovery   = `INSERT INTO users_recovery (account_id, code_hash, created_at, spent_at) VALUES (?, ?, ?, NULL)`
	spendRecovery    = `UPDATE users_recovery SET spent_at = ? WHERE account_id = ? AND code_hash = ? AND spent_at IS NULL`
	countRecovery    = `SELECT COUNT(*) FROM users_recovery WHERE account_id = ? AND spent_at IS NULL`
	deleteRecovery   = `DELETE FROM users_recovery WHERE account_id = ?`
	deletePasskeysOf = `DELETE FROM users_passkeys WHERE account_id = ?`
	countFactorKeys  = `SELECT COUNT(*) FROM users_passkeys WHERE account_id = ?`
)

// InsertTOTP adds a generator that is not confirmed, in place of one that never was.
// ErrDuplicate: there is a confirmed one.
func InsertTOTP(ctx context.Context, tx *database.Tx, t TOTP) error {
	if err := store.Exec(ctx, tx, "replace generator", deleteTOTP+` AND confirmed_at IS NULL`, t.AccountID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, insertTOTP, t.AccountID, t.Secret, database.Micros(t.CreatedAt))
	return database.Inserted("generator", err)
}

// TOTPOf reads the generator of an account, confirmed or not. ErrNotFound.
func TOTPOf(ctx context.Context, tx *database.Tx, accountID string) (t TOTP, err error) {
	var created, tried int64
	var confirmed sql.NullInt64
	err = tx.QueryRow(ctx, totpOf, accountID).Scan(&t.AccountID, &t.Secret, &created, &confirmed, &t.LastStep, &t.Tries, &tried)
	if err != nil {
		return TOTP{}, database.Found("generator", err)
	}
	t.CreatedAt, t.ConfirmedAt, t.TriedAt = database.Time(created), database.NullTime(confirmed), database.Time(tried)
	return t, nil
}

// TryTOTP counts a try before it is made. ErrChanged: somebody else made one at this
// very moment.
func TryTOTP(ctx context.Context, tx *database.Tx, t TOTP, now time.Time) error {
	return tx.One(ctx, "try generator", tryTOTP, database.Micros(now), t.AccountID, t.Tries)
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

// ConfirmTOTP makes the generator a factor. ErrChanged: it is one, or there is none.
func ConfirmTOTP(ctx context.Context, tx *database.Tx, accountID string, now time.Time) error {
	return tx.One(ctx, "confirm generator", confirmTOTP, database.Micros(now), accountID)
}

// DeleteTOTP removes the generator of an account. ErrChanged: there is none.
func DeleteTOTP(ctx context.Context, tx *database.Tx, accountID string) error {
	return tx.One(ctx, "delete generator", deleteTOTP, accountID)
}

// ReplaceRecovery gives an account a new set of recovery codes, by their hashes; none
// removes the set.
func ReplaceRecovery(ctx context.Context, tx *database.Tx, accountID string, hashes []string, now time.Time) error {
	if err := store.Exec(ctx, tx, "delete recovery codes", deleteRecovery, accountID); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := tx.Exec(ctx, insertRecovery, accountID, hash, database.Micros(now)); err != nil {
			return fmt.Errorf("insert recovery code: %w", err)
		}
	}
	return nil
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

// DeleteFactors removes the generator, the passkeys and the recovery codes of an
// account.
func DeleteFactors(ctx context.Context, tx *database.Tx, accountID string) error {
	for what, query := range map[string]string{"generator": deleteTOTP, "passkeys": deletePasskeysOf, "recovery codes": deleteRecovery} {
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

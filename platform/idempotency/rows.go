package idempotency

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"app/platform/database"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations is the set of the table http_idempotency, which belongs in
// every module's database.
var Migrations = func() fs.FS {
	set, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return database.Named("http", set)
}()

// States of a row.
const (
	stateInFlight = 0
	stateDone     = 1
)

// keyRow is the record of one idempotency key. While in flight it belongs to its holder
// until the lease is over.
type keyRow struct {
	id          string // SHA-256 of scope and key, in hex
	fingerprint string // SHA-256 of the request, in hex
	state       int
	holder      string
	leaseUntil  time.Time
	createdAt   time.Time
	status      int
	reply       []byte // sealed
}

const (
	selectKey    = `SELECT fingerprint, state, holder, lease_until, created_at, status, reply FROM http_idempotency WHERE id = ?`
	selectHolder = `SELECT holder FROM http_idempotency WHERE id = ?`
	insertKey    = `INSERT INTO http_idempotency (id, fingerprint, state, holder, lease_until, created_at, status) VALUES (?, ?, 0, ?, ?, ?, 0)`
	seizeKey     = `UPDATE http_idempotency SET holder = ?, lease_until = ? WHERE id = ? AND state = 0 AND holder = ?`
	renewKey     = `UPDATE http_idempotency SET lease_until = ? WHERE id = ? AND state = 0 AND holder = ?`
	finishKey    = `UPDATE http_idempotency SET state = 1, status = ?, reply = ? WHERE id = ? AND state = 0 AND holder = ?`
	dropKey      = `DELETE FROM http_idempotency WHERE id = ? AND state = 0 AND holder = ?`
	leaveKey     = `UPDATE http_idempotency SET lease_until = 0 WHERE id = ? AND state = 0 AND holder = ?`
	agedKeys     = `SELECT id FROM http_idempotency WHERE created_at < ? LIMIT 100`
	expireKey    = `DELETE FROM http_idempotency WHERE id = ? AND created_at < ?`
)

// isLeased reports whether a row in flight still belongs to its holder, to somebody who
// wants it. A lease that ends further ahead than a new one is from before the clock
// went back: whoever is at work renews it within a second.
func (r keyRow) isLeased(want keyRow) bool {
	return want.createdAt.Before(r.leaseUntil) && !r.leaseUntil.After(want.leaseUntil.Add(database.ClockSkew))
}

// acquireKeyRow makes want the row of its id, or seizes the row of a holder whose lease
// is over. It returns the row as it is now: ours when its holder is want's.
func acquireKeyRow(ctx context.Context, db *database.DB, want keyRow) (row keyRow, err error) {
	err = db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		row, err = findKey(ctx, tx, want.id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			row = want
			_, err = tx.Exec(ctx, insertKey, want.id, want.fingerprint, want.holder,
				database.Micros(want.leaseUntil), database.Micros(want.createdAt))
			return err // IsDuplicate has to see it
		case err != nil:
			return fmt.Errorf("find idempotency key: %w", err)
		case row.state == stateDone || row.fingerprint != want.fingerprint || row.isLeased(want):
			return nil
		}
		won, err := rowChanged(tx.Exec(ctx, seizeKey, want.holder, database.Micros(want.leaseUntil), want.id, row.holder))
		if won {
			row.holder = want.holder
		}
		return err
	})
	return row, err
}

func findKey(ctx context.Context, tx *database.Tx, id string) (keyRow, error) {
	row := keyRow{id: id}
	var lease, created int64
	err := tx.QueryRow(ctx, selectKey, id).
		Scan(&row.fingerprint, &row.state, &row.holder, &lease, &created, &row.status, &row.reply)
	row.leaseUntil, row.createdAt = database.Time(lease), database.Time(created)
	return row, err // the caller tells sql.ErrNoRows apart
}

// rowChanged reports whether a statement matched its row.
func rowChanged(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("change idempotency key: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// updateKeyRow runs one statement on the row and reports whether it was still the
// holder's.
func (k *Keyring) updateKeyRow(ctx context.Context, query string, args ...any) (held bool, err error) {
	err = k.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		held, err = rowChanged(tx.Exec(ctx, query, args...))
		return err
	})
	return held, err
}

// deleteExpiredKeys removes up to 100 rows made before the time.
func deleteExpiredKeys(ctx context.Context, db *database.DB, before time.Time) error {
	aged, err := agedIDs(ctx, db, before)
	if err != nil || len(aged) == 0 {
		return err
	}
	err = db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, id := range aged {
			if _, err := tx.Exec(ctx, expireKey, id, database.Micros(before)); err != nil {
				return fmt.Errorf("expire idempotency key: %w", err)
			}
		}
		return nil
	})
	return err
}

func agedIDs(ctx context.Context, db *database.DB, before time.Time) (aged []string, err error) {
	err = db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		aged = nil
		rows, err := q.Query(ctx, agedKeys, database.Micros(before))
		if err != nil {
			return fmt.Errorf("list aged idempotency keys: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return fmt.Errorf("scan idempotency key: %w", err)
			}
			aged = append(aged, id)
		}
		return rows.Err()
	})
	return aged, err
}

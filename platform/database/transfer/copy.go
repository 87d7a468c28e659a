// Package transfer moves a module's whole database: from one engine to the other (Copy),
// to a file (Backup) and back (Restore).
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"app/platform/database"
	"app/platform/database/internal/marks"
	"app/platform/database/migrate"
)

// Bounds of what is moved at a time.
const (
	rowsPerBatch     = 1000
	maxCopyBytes     = 4 << 20
	rowsPerStatement = 50
)

var (
	// ErrNotEmpty is a target that has rows already.
	ErrNotEmpty = errors.New("database: the target has rows already: a copy needs an empty one")
	// ErrDiffers is a copy that is not what the source is.
	ErrDiffers = errors.New("database: the copy differs from the source")
)

// Copied is what became of one table.
type Copied struct {
	Table    string
	From, To Digest
}

// Same reports whether the two sides hold the same.
func (c Copied) Same() bool { return c.From == c.To }

// Copy copies all tables of a module, those of the platform included, from one database
// to another, on either engine. Both must have been opened with the module's migrations
// and by database.OpenAlone. The target is brought up to the schema and must be empty, or hold
// what an interrupted copy from the same source has left, which is continued. Rows keep
// everything that they have, ids and the numbers that engines give out included.
//
// Afterwards both sides are read again and compared by the number of rows and by a
// checksum over all values: the result has a line for each table, and the error is
// ErrDiffers when one is not the same. Until a copy is complete its target refuses
// migrate.Up with migrate.ErrHalfCopied, and so cannot be served. progress, when not nil, is
// called from time to time with the rows of a table that the target has, and all that
// the source has.
func Copy(ctx context.Context, from, to *database.DB, progress func(table string, done, all int64)) ([]Copied, error) {
	if err := upToDate(ctx, from); err != nil {
		return nil, err
	}
	all, err := prepareTarget(ctx, from, to)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if err := t.copyRows(ctx, from, to, progress); err != nil {
			return nil, err
		}
	}
	copied, err := compareTables(ctx, from, to, all)
	if err != nil {
		return copied, err
	}
	return copied, removeCopyMark(ctx, to)
}

// upToDate insists on a source whose schema is exactly that of this program.
func upToDate(ctx context.Context, db *database.DB) error {
	state, err := readState(ctx, db)
	switch {
	case err != nil:
		return err
	case state.empty:
		return fmt.Errorf("the source has no data of %s", db.Module())
	case state.halfCopied:
		return migrate.ErrHalfCopied
	case state.missing != "":
		return fmt.Errorf("the source lacks migration %s: run `app migrate up --module=%s` on it first", state.missing, db.Module())
	case state.unknown != "":
		return fmt.Errorf("the source has migration %s, which this program does not know: copy with the release that made it", state.unknown)
	}
	return nil
}

// prepareTarget makes the schema and marks the target as unfinished.
func prepareTarget(ctx context.Context, from, to *database.DB) ([]table, error) {
	phase, err := takeTarget(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if err := migrate.UpForCopy(ctx, to); err != nil {
		return nil, err
	}
	theirs, err := readTables(ctx, from)
	if err != nil {
		return nil, err
	}
	ours, err := readTables(ctx, to)
	if err != nil {
		return nil, err
	}
	all, err := matchTables(theirs, ours)
	if err != nil || phase == copying {
		return all, err
	}
	return all, emptyTarget(ctx, to, all)
}

// The phases of a copy, kept as the time of the mark.
const (
	preparing = 0 // what is in the target was put there by migrations
	copying   = 1
)

// takeTarget marks an empty target, and finds how far an interrupted copy has come.
func takeTarget(ctx context.Context, from, to *database.DB) (phase int64, err error) {
	source := identityOf(from)
	present, err := marks.Read(ctx, to)
	if err != nil {
		return 0, fmt.Errorf("read migrations of the target: %w", err)
	}
	if unfinished, ok := present[marks.Copying]; ok {
		if unfinished.Checksum != source {
			return 0, errors.New("the target holds an unfinished copy of another source: empty it")
		}
		return unfinished.Applied, nil
	}
	existing, err := readTables(ctx, to)
	if err != nil {
		return 0, err
	}
	for _, t := range existing {
		if key, err := t.lastKey(ctx, to); err != nil || key != nil {
			return 0, errors.Join(err, fmt.Errorf("%w (%s)", ErrNotEmpty, t.name))
		}
	}
	if err := migrate.PrepareSchema(ctx, to); err != nil {
		return 0, err
	}
	return preparing, to.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := tx.Exec(ctx, marks.Create); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, marks.Insert, marks.Copying, source, database.Micros(to.Now()), preparing)
		return err
	})
}

// emptyTarget removes what migrations have put into the target, since the source has
// that too.
func emptyTarget(ctx context.Context, to *database.DB, all []table) error {
	return to.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, t := range all {
			if _, err := tx.Exec(ctx, "DELETE FROM "+quoteName(t.name)+" WHERE 1 = ?", 1); err != nil {
				return fmt.Errorf("empty %s: %w", t.name, err)
			}
		}
		_, err := tx.Exec(ctx, `UPDATE schema_migrations SET applied_at = ? WHERE id = ?`, copying, marks.Copying)
		return err
	})
}

// identityOf names a database without showing where it is.
func identityOf(db *database.DB) string {
	sum := sha256.Sum256([]byte(db.Location().String()))
	return hex.EncodeToString(sum[:])
}

func removeCopyMark(ctx context.Context, to *database.DB) error {
	return to.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM schema_migrations WHERE id = ?`, marks.Copying)
		return err
	})
}

// copyRows moves the rows of a table that the target has not, in the order of their
// keys.
func (t table) copyRows(ctx context.Context, from, to *database.DB, progress func(string, int64, int64)) error {
	key, err := t.lastKey(ctx, to)
	if err != nil {
		return err
	}
	all, err := t.countRows(ctx, from)
	if err != nil {
		return err
	}
	done := int64(0)
	if key != nil {
		if done, err = t.countRows(ctx, to); err != nil {
			return err
		}
	}
	for {
		if progress != nil {
			progress(t.name, done, all)
		}
		rows, err := t.readRowsAfter(ctx, from, key, rowsPerBatch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return t.copyCounter(ctx, from, to)
		}
		if err := t.insertRows(ctx, to, rows); err != nil {
			return err
		}
		key, done = t.keyOf(rows[len(rows)-1]), done+int64(len(rows))
	}
}

func (t table) countRows(ctx context.Context, db *database.DB) (n int64, err error) {
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, "SELECT COUNT(*) FROM "+quoteName(t.name)+" WHERE 1 = ?", 1).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.name, err)
	}
	return n, nil
}

var autoIncrement = regexp.MustCompile(`(?m)^\).* AUTO_INCREMENT=(\d+)`)

// copyCounter lets a MySQL target go on counting where a MySQL source would. SQLite
// counts on from the greatest number there is, and so does MySQL where the numbers came
// from elsewhere.
func (t table) copyCounter(ctx context.Context, from, to *database.DB) error {
	if from.Engine() != database.MySQL || to.Engine() != database.MySQL {
		return nil
	}
	var name, definition string
	err := from.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, "SHOW CREATE TABLE "+quoteName(t.name)).Scan(&name, &definition)
	})
	found := autoIncrement.FindStringSubmatch(definition)
	if err != nil || found == nil {
		return err
	}
	next, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return fmt.Errorf("read the counter of %s: %w", t.name, err)
	}
	return to.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "ALTER TABLE "+quoteName(t.name)+" AUTO_INCREMENT = "+strconv.FormatInt(next, 10))
		return err
	})
}

func compareTables(ctx context.Context, from, to *database.DB, all []table) ([]Copied, error) {
	var out []Copied
	var differ error
	for _, t := range all {
		c := Copied{Table: t.name}
		var err error
		if c.From, err = t.digestRows(ctx, from); err != nil {
			return out, fmt.Errorf("verify the source: %w", err)
		}
		if c.To, err = t.digestRows(ctx, to); err != nil {
			return out, fmt.Errorf("verify the target: %w", err)
		}
		if out = append(out, c); !c.Same() && differ == nil {
			differ = fmt.Errorf("%w: %s has %d rows (%s) in the source and %d (%s) in the target", ErrDiffers,
				t.name, c.From.Rows, c.From, c.To.Rows, c.To)
		}
	}
	return out, differ
}

// Package migrate brings the schema of a database up to what a program needs: the sets
// of files in database.Options.Migrations, each file once and in order.
//
// A set has *.up.sql files at its root, one statement each, applied in the order of
// their names. "0002_add_note.mysql.up.sql" replaces "0002_add_note.up.sql" on that
// engine. The id of a migration is the file's name without its endings, preceded by the
// set's name when it has one (database.Named); an id that occurs twice is an error.
// "ALTER TABLE t REPLACE CHECKS (CHECK (...), ...)" is understood on both engines and
// gives the table these CHECKs in place of those it has.
//
// The runner is our own because bun's cannot keep the promise of Up: it records a
// migration in a statement of its own before or after running it, so a kill between the
// two skips or repeats the file, and its lock is a row that outlives a killed owner.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
	"app/platform/database/internal/marks"
)

// ErrHalfCopied is what Up answers for a database that transfer.Copy has not completed:
// it must not be served.
var ErrHalfCopied = errors.New("database: a copy into it was not completed: repeat the same `app data copy`, or empty it")

// Migration is one file of the database's sets and what became of it.
type Migration struct {
	ID string
	// AppliedAt is zero while the migration is pending.
	AppliedAt time.Time
	// Changed tells that the file is no longer the one that was applied.
	Changed bool
}

// Up applies what is pending, in order, and returns the ids it applied. Several
// processes may call it at the same time: one applies, the others wait. Being killed at
// any moment leaves a database that the next call completes. Marks of migrations this
// program does not know are left alone, so that an older program runs on a newer
// schema. The error is ErrHalfCopied for a database that transfer.Copy has not
// completed.
func Up(ctx context.Context, db *database.DB) (applied []string, err error) {
	scripts, err := loadScripts(db.Engine(), db.Migrations())
	if err != nil {
		return nil, err
	}
	present, err := readMarks(ctx, db)
	if err != nil {
		return nil, err
	}
	if _, half := present[marks.Copying]; half {
		return nil, ErrHalfCopied
	}
	pending := false
	for _, m := range compareMarks(scripts, present) {
		if m.Changed {
			db.Logger().WarnContext(ctx, "migration was edited after it was applied", "module", db.Module(), "migration", m.ID)
		}
		pending = pending || m.AppliedAt.IsZero()
	}
	if !pending {
		return nil, nil
	}
	return applyScripts(ctx, db, scripts)
}

// UpForCopy is Up for a database that transfer.Copy is making, whatever its marks say.
func UpForCopy(ctx context.Context, db *database.DB) error {
	scripts, err := loadScripts(db.Engine(), db.Migrations())
	if err != nil {
		return err
	}
	_, err = applyScripts(ctx, db, scripts)
	return err
}

// PrepareSchema makes an empty schema fit for a copy, which brings its own rows, and
// applies no migration. On a server that is the right collation and the table of marks;
// a file needs nothing.
func PrepareSchema(ctx context.Context, db *database.DB) error {
	_, err := applyScripts(ctx, db, nil)
	return err
}

// Status lists the migrations in the order they are applied.
func Status(ctx context.Context, db *database.DB) ([]Migration, error) {
	scripts, err := loadScripts(db.Engine(), db.Migrations())
	if err != nil {
		return nil, err
	}
	present, err := readMarks(ctx, db)
	if err != nil {
		return nil, err
	}
	return compareMarks(scripts, present), nil
}

func readMarks(ctx context.Context, db *database.DB) (map[string]marks.Mark, error) {
	present, err := marks.Read(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("read migrations of %s: %w", db.Module(), err)
	}
	return present, nil
}

func compareMarks(scripts []script, present map[string]marks.Mark) []Migration {
	list := make([]Migration, 0, len(scripts))
	for _, s := range scripts {
		m := Migration{ID: s.id}
		if mark, ok := present[s.id]; ok && mark.Applied > 0 {
			m.AppliedAt, m.Changed = database.Time(mark.Applied), mark.Checksum != s.checksum
		}
		list = append(list, m)
	}
	return list
}

// applyScripts applies what has no mark yet, safe against a second process and against
// being killed.
func applyScripts(ctx context.Context, db *database.DB, all []script) (applied []string, err error) {
	if db.Engine() == database.SQLite {
		return applyAllOnSQLite(ctx, db, all)
	}
	err = db.Maintain(ctx, func(ctx context.Context, conn *sql.Conn) (err error) {
		applied, err = applyAllOnMySQL(ctx, db, conn, all)
		return err
	})
	return applied, err
}

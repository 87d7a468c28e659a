package migrate_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
)

// parcels is a table as an earlier release left it, with a row; what follows is a later
// release's.
func parcels(later ...string) fs.FS {
	set := fstest.MapFS{}
	for i, text := range append([]string{
		`CREATE TABLE parcels (
			id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, -- counts on, even when emptied
			state VARCHAR(20) NOT NULL, /* 'x, y' */
			weight BIGINT NOT NULL DEFAULT 5 CHECK (weight < 1000),
			label VARCHAR(20) NOT NULL DEFAULT 'a, (b',
			CONSTRAINT parcels_label UNIQUE (label),
			CHECK (state IN ('open', 'packed')),
			CONSTRAINT parcels_weight CHECK (weight > 0 AND (state <> 'open' OR weight > 1))
		)`,
		`CREATE INDEX parcels_state ON parcels (state, id)`,
		`ALTER TABLE parcels ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT ''`,
		`INSERT INTO parcels (state, note) VALUES ('open', 'kept')`,
	}, later...) {
		file := fmt.Sprintf("%04d_step", i+1)
		set[file+".up.sql"] = &fstest.MapFile{Data: []byte(text)}
		if i == 0 {
			set[file+".sqlite.up.sql"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "AUTO_INCREMENT", "AUTOINCREMENT"))}
		}
	}
	return set
}

func TestReplaceChecks(t *testing.T) {
	t.Parallel()
	const more = `-- Parcels are shipped now, and weigh nothing at times.
		ALTER TABLE parcels REPLACE CHECKS (
			CHECK (state = 'open' OR state = 'packed' OR state = 'shipped'), -- as the domain has them
			CHECK (weight >= 0)
		);`
	add := func(db *database.DB, state string, weight int, label string) error {
		return db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO parcels (state, weight, label) VALUES (?, ?, ?)`, state, weight, label)
			return err
		})
	}
	dbtest.EachURL(t, func(t *testing.T, url string) {
		old := openAt(t, url, parcels())
		if _, err := migrate.Up(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		if err := add(old, "shipped", 7, "b"); !database.IsCheck(err) {
			t.Fatalf("before: %v", err)
		}
		empty := func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM parcels WHERE note <> ?`, "kept")
			return err
		}
		if err := add(old, "packed", 7, "c"); err != nil {
			t.Fatal(err)
		}
		if err := old.Write(t.Context(), empty); err != nil {
			t.Fatal(err)
		}
		db := openAt(t, url, parcels(more))
		if applied, err := migrate.Up(t.Context(), db); err != nil || len(applied) != 1 {
			t.Fatalf("applied %v, %v", applied, err)
		}
		for _, tc := range []struct {
			state, label string
			weight       int
			refused      func(error) bool
		}{
			{"shipped", "d", 0, nil},
			{"lost", "e", 1, database.IsCheck},
			{"open", "f", -1, database.IsCheck},
			{"open", "g", 1000, database.IsCheck}, // stands beside its column and stays
			{"open", "d", 1, database.IsDuplicate},
		} {
			if err := add(db, tc.state, tc.weight, tc.label); tc.refused == nil && err != nil || tc.refused != nil && !tc.refused(err) {
				t.Errorf("%+v: %v", tc, err)
			}
		}
		var rows, shipped int64
		var note string
		err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			if err := q.QueryRow(ctx, `SELECT COUNT(*), MAX(id) FROM parcels`).Scan(&rows, &shipped); err != nil {
				return err
			}
			return q.QueryRow(ctx, `SELECT note FROM parcels WHERE id = ?`, 1).Scan(&note)
		})
		if err != nil || rows != 2 || note != "kept" || shipped < 3 {
			t.Errorf("%d rows, the last %d, note %q, %v", rows, shipped, note, err)
		}
		if db.Engine() == database.SQLite {
			if plan := dbtest.Plan(t, db, `SELECT id FROM parcels WHERE state = ? ORDER BY id`, "open"); !strings.Contains(plan, "parcels_state") {
				t.Errorf("the index is gone: %s", plan)
			}
		}
		// The older release goes on beside it, with what it has prepared.
		if err := add(old, "packed", 7, "h"); err != nil {
			t.Errorf("the older release: %v", err)
		}
	})
}

// What the rows contradict changes nothing.
func TestReplaceChecksThatRowsBreak(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		db := openAt(t, url, parcels(`ALTER TABLE parcels REPLACE CHECKS (CHECK (weight > 100))`))
		if _, err := migrate.Up(t.Context(), db); !database.IsCheck(err) || !strings.Contains(err.Error(), "0005_step") {
			t.Errorf("migrate: %v", err)
		}
		mended := openAt(t, url, parcels(`ALTER TABLE parcels REPLACE CHECKS (CHECK (weight > 4))`))
		if applied, err := migrate.Up(t.Context(), mended); err != nil || len(applied) != 1 {
			t.Errorf("mended: %v, %v", applied, err)
		}
	})
}

func TestReplaceChecksRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`ALTER TABLE parcels REPLACE CHECKS (weight > 0)`:                      "takes CHECK (...) and no name",
		`ALTER TABLE parcels REPLACE CHECKS (CONSTRAINT a CHECK (weight > 0))`: "takes CHECK (...) and no name",
		`ALTER TABLE parcels REPLACE CHECKS ()`:                                "takes CHECK (...) and no name",
	} {
		_, err := migrate.Up(t.Context(), openAt(t, dbtest.SQLite(t), parcels(text)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	db := openAt(t, dbtest.SQLite(t), parcels(`ALTER TABLE nowhere REPLACE CHECKS (CHECK (weight > 0))`))
	if _, err := migrate.Up(t.Context(), db); err == nil || !strings.Contains(err.Error(), "there is no table nowhere") {
		t.Errorf("a table that is not there: %v", err)
	}
}

package database_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
)

// A database is its owner's: files are made so, and those that others can read are
// mended.
func TestFault15_DatabasesAreTheirOwners(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]os.FileMode{"new": 0, "there": 0o644} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if before != 0 {
				made := dbtest.OpenURL(t, "sqlite:"+filepath.Join(dir, "x.db"), things)
				write(t, made, "one")
				if err := made.Close(); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(filepath.Join(dir, "x.db"), before); err != nil {
					t.Fatal(err)
				}
			}
			db := dbtest.OpenURL(t, "sqlite:"+filepath.Join(dir, "x.db"), things)
			write(t, db, "two")
			files, err := filepath.Glob(filepath.Join(dir, "x.db*"))
			if err != nil || len(files) < 2 {
				t.Fatal(files, err)
			}
			for _, file := range files {
				info, err := os.Stat(file)
				if err != nil {
					t.Fatal(err)
				}
				if mode := info.Mode().Perm(); mode&0o077 != 0 {
					t.Errorf("%s is %o", filepath.Base(file), mode)
				}
			}
		})
	}
}

// A disk that is full is a database that is away: 503 for callers, not ready, and well
// again by itself.
func TestFault28_DiskIsFull(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things, fstest.MapFS{"0002_create_blobs.up.sql": {Data: []byte(
		`CREATE TABLE blobs (id VARCHAR(30) PRIMARY KEY, body MEDIUMBLOB)`)}})
	limit(t, db, 40)
	big := func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO blobs (id, body) VALUES (?, ?)", "big", make([]byte, 1<<20))
		return err
	}
	err := db.Write(t.Context(), big)
	if fault.CodeOf(err) != fault.Unavailable || !database.IsAway(err) {
		t.Fatalf("a write without space: %v", err)
	}
	// A page that is there can be written over, so the database says so of itself at
	// once.
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("small writes are taken, and the database says %v", err)
	}
	limit(t, db, 1<<20)
	if err := db.Write(t.Context(), big); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

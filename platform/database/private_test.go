package database_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
)

// A database is its owner's: files are made so, and those that others can read are mended.
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

// A disk that is full is a database that is away: 503 for callers, not ready, and well again by itself.
func TestFault28_DiskIsFull(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	write(t, db, "before")
	limit(t, db, 12)
	var refused error
	for i := 0; i < 100 && refused == nil; i++ {
		refused = db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			return insert(ctx, tx, strings.Repeat("x", 20)+string(rune('a'+i%26))+strings.Repeat("y", i/26))
		})
	}
	if fault.CodeOf(refused) != fault.Unavailable || !database.IsAway(refused) {
		t.Fatalf("a write without space: %v", refused)
	}
	// A small write over a page that is there finds room: the probe says what is true of it.
	_ = db.Ping(t.Context())
	limit(t, db, 1<<20)
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("there is space again, and the database says %v", err)
	}
	write(t, db, "after")
}

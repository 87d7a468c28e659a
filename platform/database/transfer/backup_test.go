package transfer_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
	"app/platform/database/transfer"
)

func urlOf(path string) string { return "sqlite://" + filepath.ToSlash(path) }

// A backup of a database that others write to holds what was committed when it was
// made, and comes back in its place.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "data", "test.db"), filepath.Join(dir, "backups", "test.db")
	serving := dbtest.OpenURL(t, urlOf(path), things)
	write(t, serving, "a", "b")
	other := dbtest.OpenURL(t, urlOf(path), things) // as the command does, beside the process that serves
	if err := transfer.Backup(t.Context(), other, backup); err != nil {
		t.Fatal(err)
	}
	if err := transfer.Backup(t.Context(), other, backup); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over an older backup: %v", err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	write(t, serving, "c")
	o := database.Options{Module: "test", URL: urlOf(path), Migrations: []fs.FS{things}}
	if _, err := transfer.Restore(t.Context(), o, backup); !errors.Is(err, database.ErrInUse) {
		t.Errorf("restore under a process that serves: %v", err)
	}
	closeDB(t, serving, other)
	former, err := transfer.Restore(t.Context(), o, backup)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string][]string{path: {"a", "b"}, former: {"a", "b", "c"}} {
		if diff := cmp.Diff(want, thingsIn(t, dbtest.OpenURL(t, urlOf(at), things))); diff != "" {
			t.Errorf("%s: -want +got\n%s", at, diff)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.part*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Where there is no database yet, a backup becomes it.
func TestRestore_Elsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := dbtest.OpenURL(t, urlOf(filepath.Join(dir, "one.db")), things)
	write(t, db, "a")
	backup, path := filepath.Join(dir, "backup.db"), filepath.Join(dir, "new", "two.db")
	if err := transfer.Backup(t.Context(), db, backup); err != nil {
		t.Fatal(err)
	}
	former, err := transfer.Restore(t.Context(), database.Options{Module: "test", URL: urlOf(path), Migrations: []fs.FS{things}}, backup)
	if err != nil || former != "" {
		t.Fatalf("%q, %v", former, err)
	}
	if got := thingsIn(t, dbtest.OpenURL(t, urlOf(path), things)); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestRestore_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want string
		make func(t *testing.T, path string)
	}{
		"nothing":       {"no such file", func(*testing.T, string) {}},
		"another file":  {"not a SQLite database", func(t *testing.T, path string) { t.Helper(); overwrite(t, path, "#!/bin/sh\n") }},
		"empty":         {"holds no data of test", func(t *testing.T, path string) { t.Helper(); overwrite(t, path, "") }},
		"another's":     {"this program does not know migration 0001_create_wares", func(t *testing.T, path string) { t.Helper(); closeDB(t, opened(t, urlOf(path))) }},
		"one in use":    {"was not closed", func(t *testing.T, path string) { t.Helper(); write(t, dbtest.OpenURL(t, urlOf(path), things), "a") }},
		"half a copy":   {migrate.ErrHalfCopied.Error(), halfCopied},
		"a damaged one": {"", damaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, backup := filepath.Join(t.TempDir(), "test.db"), filepath.Join(t.TempDir(), "backup.db")
			db := dbtest.OpenURL(t, urlOf(path), things)
			write(t, db, "kept")
			closeDB(t, db)
			c.make(t, backup)
			_, err := transfer.Restore(t.Context(), database.Options{Module: "test", URL: urlOf(path), Migrations: []fs.FS{things}}, backup)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if got := thingsIn(t, dbtest.OpenURL(t, urlOf(path), things)); len(got) != 1 {
				t.Errorf("what was there is gone: %v", got)
			}
		})
	}
}

func TestBackup_OfAServer(t *testing.T) {
	t.Parallel()
	url := dbtest.MySQL(t)
	if err := transfer.Backup(t.Context(), dbtest.OpenURL(t, url, things), filepath.Join(t.TempDir(), "x.db")); !errors.Is(err, transfer.ErrNotAFile) {
		t.Error(err)
	}
	if _, err := transfer.Restore(t.Context(), database.Options{URL: url}, "x.db"); !errors.Is(err, transfer.ErrNotAFile) {
		t.Error(err)
	}
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func halfCopied(t *testing.T, path string) {
	t.Helper()
	source := dbtest.OpenURL(t, dbtest.SQLite(t), things)
	write(t, source, "a")
	to, err := database.OpenAlone(t.Context(), database.Options{Module: "test", URL: urlOf(path), Migrations: []fs.FS{things}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := transfer.Copy(ctx, source, to, func(string, int64, int64) { cancel() }); err == nil {
		t.Fatal("copied")
	}
	closeDB(t, to)
}

func damaged(t *testing.T, path string) {
	t.Helper()
	db := dbtest.OpenURL(t, urlOf(path), things)
	for i := range 200 {
		write(t, db, strings.Repeat("x", i%20)+string(rune('a'+i%26))+strings.Repeat("y", i%7)+string(rune('A'+i/26)))
	}
	closeDB(t, db)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(raw) / 2; i < len(raw)/2+3000; i++ {
		raw[i] ^= 0xff
	}
	overwrite(t, path, string(raw))
}

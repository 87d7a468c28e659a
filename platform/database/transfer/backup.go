package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"app/platform/database"
	"app/platform/database/migrate"
)

// ErrNotAFile is a database on a server, which has tools of its own for backups.
var ErrNotAFile = errors.New("the database is not a SQLite file")

// Backup writes a copy of a SQLite database, as it is at one moment, to a file that
// does not exist yet. Others may write meanwhile. When it returns the copy is on the
// disk and has been checked.
func Backup(ctx context.Context, db *database.DB, path string) error {
	if db.Engine() != database.SQLite {
		return ErrNotAFile
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s exists already", path), err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	draft := path + ".part"
	defer func() { _ = os.Remove(draft) }()
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a backup that was interrupted
		return fmt.Errorf("remove what an earlier backup has left: %w", err)
	}
	err := db.Inspect(ctx, func(ctx context.Context, q *database.Tx) error {
		_, err := q.Exec(ctx, `VACUUM INTO ?`, draft) // https://www.sqlite.org/lang_vacuum.html#vacuuminto
		return err
	})
	if err != nil {
		return fmt.Errorf("back up %s: %w", db.Module(), err)
	}
	if err := os.Chmod(draft, 0o600); err != nil {
		return fmt.Errorf("keep the backup private: %w", err)
	}
	if err := checkIntegrity(ctx, draft); err != nil {
		return err
	}
	return syncAndRename(draft, path)
}

// checkIntegrity checks a SQLite file that nobody uses.
func checkIntegrity(ctx context.Context, path string) error {
	db, err := database.Open(ctx, database.Options{Module: "backup", URL: fileURL(path)})
	if err != nil {
		return err
	}
	var result string
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `PRAGMA integrity_check`).Scan(&result)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	if result != "ok" {
		return fmt.Errorf("%s is damaged: %s", path, result)
	}
	return nil
}

// syncAndRename gives a file its name once it is on the disk.
func syncAndRename(draft, path string) error {
	f, err := os.OpenFile(draft, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(draft, path)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Restore puts a backup in the place of a module's SQLite database, which nobody may
// have open (ErrInUse). What was there is kept beside it under the name that is
// returned, empty when there was nothing. A backup that is damaged, or that a newer
// release has made, is refused. The options are those of Open.
func Restore(ctx context.Context, o database.Options, backup string) (former string, err error) {
	place, err := o.Location()
	if err != nil {
		return "", err
	}
	if place.Engine != database.SQLite {
		return "", ErrNotAFile
	}
	draft := place.Path + ".part"
	defer func() { _ = os.Remove(draft) }()
	if err := errors.Join(os.MkdirAll(filepath.Dir(draft), 0o700), copyBackupFile(backup, draft)); err != nil {
		return "", fmt.Errorf("read the backup: %w", err)
	}
	if err := checkBackup(ctx, o, draft); err != nil {
		return "", err
	}
	if former, err = setAside(ctx, o, place.Path); err != nil {
		return "", err
	}
	return former, syncAndRename(draft, place.Path)
}

func copyBackupFile(from, to string) error {
	if log, err := os.Stat(from + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%s is no backup but a database that was not closed: a part of it is in its log", from)
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// checkBackup reports whether this program can go on with a backup.
func checkBackup(ctx context.Context, o database.Options, path string) error {
	if err := checkIntegrity(ctx, path); err != nil {
		return err
	}
	o.URL = fileURL(path)
	db, err := database.Open(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(checkMigrationsKnown(ctx, db), db.Close())
}

// checkMigrationsKnown reports whether a database is of its module, and made by this
// release or an older one.
func checkMigrationsKnown(ctx context.Context, db *database.DB) error {
	state, err := readState(ctx, db)
	switch {
	case err != nil:
		return err
	case state.empty:
		return fmt.Errorf("the backup holds no data of %s", db.Module())
	case state.halfCopied:
		return migrate.ErrHalfCopied
	case state.unknown != "":
		return fmt.Errorf("the backup is not of %s, or of a newer release: this program does not know migration %s", db.Module(), state.unknown)
	}
	return nil
}

// setAside renames a database that nobody has open. Closing it as the only one folds
// its log into the file.
func setAside(ctx context.Context, o database.Options, path string) (former string, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	db, err := database.OpenAlone(ctx, o)
	if err != nil {
		return "", err
	}
	if err := db.Close(); err != nil {
		return "", err
	}
	former = path + ".before-" + db.Now().UTC().Format("20060102T150405.000")
	return former, os.Rename(path, former)
}

func fileURL(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return (&url.URL{Scheme: "sqlite", Path: filepath.ToSlash(path), OmitHost: true}).String()
}

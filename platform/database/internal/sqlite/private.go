package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// others are the permission bits of everybody but a file's owner.
const others fs.FileMode = 0o077

// makePrivate makes a database file that only its owner can read, and takes the rights
// of others away from one that is there and from its log: SQLite gives new files the
// mode of the database's. A file of somebody else's that others can read is refused,
// because it holds addresses, hashes and keys.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err == nil {
		_ = file.Close() // it was only made
	}
	for _, part := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(part)
		if err != nil || info.Mode().Perm()&others == 0 {
			continue // not there, or nobody else's business already
		}
		if err := os.Chmod(part, info.Mode().Perm()&^others); err != nil {
			return fmt.Errorf("others can read %s, and that cannot be changed: %w", part, err)
		}
	}
	return nil
}

// Package datadir looks after the folder of DATA_DIR: it is its owner's alone, and it
// keeps the key that the processes of the shop on one machine share.
package datadir

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyFile keeps the generated INTERNAL_KEY in the data folder.
const keyFile = "internal.key"

// FindKey is the key that is configured, else the one in the folder; empty when there is
// neither.
func FindKey(configured, dir string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	data, err := os.ReadFile(filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the internal key: %w", err)
	}
	return string(data), nil
}

// CreateKey makes a key and keeps it in the folder for the owner's eyes only. When
// another process was faster its key is the one that counts.
func CreateKey(dir string) (string, error) {
	draft, err := os.CreateTemp(dir, keyFile+".*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("keep the internal key: %w", err)
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.WriteString(NewKey())
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return "", fmt.Errorf("keep the internal key: %w", err)
	}
	// A link appears with its content or not at all, and never over an existing file.
	if err := os.Link(draft.Name(), filepath.Join(dir, keyFile)); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("keep the internal key: %w", err)
	}
	return FindKey("", dir)
}

// NewKey makes a key that nobody keeps.
func NewKey() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(key[:])
}

// Prepare makes the folder, for the owner only, and checks that it can be written to. An
// error is for whoever starts the process and begins with DATA_DIR.
func Prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("DATA_DIR: cannot make the folder %s: %w", dir, pathErrorCause(err))
	}
	if err := ownersOnly(dir); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("DATA_DIR: cannot write to the folder %s: %w", dir, pathErrorCause(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// ownersOnly takes the rights of others away from the data folder and the key in it:
// they hold everybody's data, and what signs in their name. A folder that cannot be
// mended is refused if others may read or write there; a folder that everybody shares,
// such as /tmp, is never mended.
func ownersOnly(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("DATA_DIR: cannot look at the folder %s: %w", dir, pathErrorCause(err))
	}
	if info.Mode()&fs.ModeSticky != 0 {
		return fmt.Errorf("DATA_DIR: %s is a folder that everybody shares: name one of the shop's own in it", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		// A folder that was handed over by its group, as volumes are in Kubernetes,
		// stays as it is: its files are 0600.
		if err := os.Chmod(dir, info.Mode().Perm()&^0o077); err != nil && info.Mode().Perm()&0o007 != 0 {
			return fmt.Errorf("DATA_DIR: others can read the folder %s, and that cannot be changed: %w", dir, pathErrorCause(err))
		}
	}
	key := filepath.Join(dir, keyFile)
	if info, err := os.Stat(key); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(key, 0o600); err != nil {
			return fmt.Errorf("DATA_DIR: others can read %s, and that cannot be changed: %w", key, pathErrorCause(err))
		}
	}
	return nil
}

// pathErrorCause drops the operation and the path, which the message around has
// already.
func pathErrorCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

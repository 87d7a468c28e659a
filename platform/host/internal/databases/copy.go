package databases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"app/platform/database"
	"app/platform/database/transfer"
	"app/platform/host/setup"
)

// Progress is told how many rows of a table have been copied, and how many there are.
type Progress func(table string, done, all int64)

// Copy copies all data of a module from one place to another and compares; see
// transfer.Copy. Both must be free: the module is not served.
func Copy(ctx context.Context, source, target database.Options, progress Progress) ([]transfer.Copied, error) {
	if err := checkPlaces(source, target); err != nil {
		return nil, err
	}
	copied, err := copyAlone(ctx, source, target, progress)
	if err == nil {
		if err = database.Alone(ctx, source); err != nil {
			err = fmt.Errorf("the source was not left alone during the copy: %w", err)
		}
	}
	return copied, err
}

func copyAlone(ctx context.Context, source, target database.Options, progress Progress) ([]transfer.Copied, error) {
	from, err := database.OpenAlone(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	to, err := database.OpenAlone(ctx, target)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("target: %w", err), from.Close())
	}
	copied, err := transfer.Copy(ctx, from, to, progress)
	return copied, errors.Join(err, from.Close(), to.Close())
}

// checkPlaces finds what is wrong with two places before anything is opened.
func checkPlaces(source, target database.Options) error {
	if target.URL == "" {
		return setup.Errorf("the target is not given")
	}
	from, fromErr := database.ParseURL(source.URL, source.DataDir, source.Module)
	to, toErr := database.ParseURL(target.URL, target.DataDir, target.Module)
	switch {
	case fromErr != nil || toErr != nil:
		return setup.Join(fromErr, toErr)
	case comparableLocation(from) == comparableLocation(to):
		return setup.Errorf("source and target are the same: %s", from)
	}
	if _, err := os.Stat(from.Path); from.Engine == database.SQLite && errors.Is(err, fs.ErrNotExist) {
		return setup.Errorf("the source does not exist: %s", from)
	}
	return nil
}

// comparableLocation is a location that can be compared.
func comparableLocation(l database.Location) string {
	if path, err := filepath.Abs(l.Path); l.Engine == database.SQLite && err == nil {
		return path
	}
	return l.String()
}

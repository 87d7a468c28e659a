package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"app/platform/config"
	"app/platform/database"
	"app/platform/database/transfer"
)

// CopyData copies all data of a module from one place to another and compares; see
// transfer.Copy. The places are written as in <MODULE>_DATABASE_URL; an empty from is
// the one that is configured. Both must be free: the module is not served.
func CopyData(ctx context.Context, o Options, module, from, to string, progress func(table string, done, all int64)) ([]transfer.Copied, error) {
	source, err := dataOptions(o, module)
	if err != nil {
		return nil, err
	}
	target := source
	target.URL = to
	if from != "" {
		source.URL = from
	}
	if err := checkPlaces(source, target); err != nil {
		return nil, err
	}
	copied, err := copyData(ctx, source, target, progress)
	if err == nil {
		if err = database.Alone(ctx, source); err != nil {
			err = fmt.Errorf("the source was not left alone during the copy: %w", err)
		}
	}
	return copied, err
}

func copyData(ctx context.Context, source, target database.Options, progress func(string, int64, int64)) ([]transfer.Copied, error) {
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
		return setupErrorf("the target is not given")
	}
	from, fromErr := database.ParseURL(source.URL, source.DataDir, source.Module)
	to, toErr := database.ParseURL(target.URL, target.DataDir, target.Module)
	switch {
	case fromErr != nil || toErr != nil:
		return setupAll(fromErr, toErr)
	case comparableLocation(from) == comparableLocation(to):
		return setupErrorf("source and target are the same: %s", from)
	}
	if _, err := os.Stat(from.Path); from.Engine == database.SQLite && errors.Is(err, fs.ErrNotExist) {
		return setupErrorf("the source does not exist: %s", from)
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

// RestoreData puts a backup of a module's SQLite database into its place; see
// transfer.Restore.
func RestoreData(ctx context.Context, o Options, module, backup string) (former string, err error) {
	options, err := dataOptions(o, module)
	if err != nil {
		return "", err
	}
	return transfer.Restore(ctx, options, backup)
}

// dataOptions are those of a module's database, at the place that is configured.
func dataOptions(o Options, module string) (database.Options, error) {
	o.tool, o.Hosted = true, []string{module}
	h, err := newHost(o)
	if err != nil {
		return database.Options{}, err
	}
	if h.broken != nil {
		return database.Options{}, setupAll(h.broken)
	}
	m := h.hostedModule(module)
	if m == nil {
		_, err := Select(o.Modules, false, o.Hosted, nil)
		return database.Options{}, err
	}
	owner, ok := m.module.(DatabaseOwner)
	if !ok {
		return database.Options{}, setupErrorf("%s has no data", module)
	}
	url, err := h.options.Environment.Get(config.ModuleVariable(module, "DATABASE_URL"))
	if err != nil {
		return database.Options{}, &SetupError{err}
	}
	options := h.databaseOptions(module, url, owner)
	options.Metrics = nil // a command has nobody who reads them
	return options, nil
}

package host

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"app/platform/database"
	"app/platform/database/transfer"
	"app/platform/host/internal/databases"
	"app/platform/host/setup"
)

// databaseRetry is how soon a server that is away is asked again at start.
const databaseRetry = 250 * time.Millisecond

func (h *Host) databases() databases.Opener {
	return databases.Opener{
		Environment: h.options.Environment, DataDir: h.platform.DataDir, Now: h.options.Now,
		Logger: h.logger, Metrics: h.registry, Rehearse: h.options.Rehearse,
	}
}

// openDatabases opens and migrates the databases of the modules hosted here, all at the
// same time.
func (h *Host) openDatabases(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, m := range h.hosted {
		owner, ok := m.module.(DatabaseOwner)
		if !ok {
			continue
		}
		group.Go(func() (err error) {
			m.db, err = h.awaitDatabase(ctx, m.module.Name(), owner)
			return err
		})
	}
	err := group.Wait()
	h.onShutdown("close the databases", func(context.Context) error { return h.closeDatabases() })
	return err
}

// awaitDatabase opens and migrates the database of a module. A process may start before
// its server: it waits, answers /live, and says on /ready what for, instead of ending
// and being started again ever more rarely. A command does not wait.
func (h *Host) awaitDatabase(ctx context.Context, module string, owner DatabaseOwner) (*database.DB, error) {
	for told := false; ; told = true {
		db, err := h.databases().OpenMigrated(ctx, module, owner.Migrations())
		if err == nil || h.options.tool || ctx.Err() != nil || !database.IsAway(err) {
			return db, err
		}
		if !told {
			h.logger.WarnContext(ctx, "waiting for a database", slog.String("module", module), slog.Any("error", err))
		}
		h.gate.Close("waiting: " + err.Error())
		sleepContext(ctx, databaseRetry)
	}
}

func (h *Host) closeDatabases() error {
	var errs []error
	for _, m := range h.hosted {
		if m.db != nil {
			errs = append(errs, m.db.Close())
		}
	}
	return errors.Join(errs...)
}

// Databases opens the databases of the modules in o.Hosted that have one, without
// migrating them, and gives each to do by the name of its module, in order. A SQLite
// file that does not exist yet is made if create says so and left out otherwise.
func Databases(ctx context.Context, o Options, create bool, do func(module string, db *database.DB) error) error {
	h, err := newCommandHost(o)
	if err != nil {
		return err
	}
	if create {
		if err := h.openFolder(ctx); err != nil {
			return err
		}
	}
	for _, m := range h.hosted {
		owner, ok := m.module.(DatabaseOwner)
		if !ok || !create && !h.databases().Exists(m.module.Name()) {
			continue
		}
		if err := h.withDatabase(ctx, m.module.Name(), owner, do); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) withDatabase(ctx context.Context, module string, owner DatabaseOwner, do func(string, *database.DB) error) error {
	db, err := h.databases().Open(ctx, module, owner.Migrations())
	if err != nil {
		return err
	}
	return errors.Join(do(module, db), db.Close())
}

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
	return databases.Copy(ctx, source, target, progress)
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
	o.Hosted = []string{module}
	h, err := newCommandHost(o)
	if err != nil {
		return database.Options{}, err
	}
	m := h.hostedModule(module)
	if m == nil {
		_, err := Select(o.Modules, false, o.Hosted, nil)
		return database.Options{}, err
	}
	owner, ok := m.module.(DatabaseOwner)
	if !ok {
		return database.Options{}, setup.Errorf("%s has no data", module)
	}
	opener := h.databases()
	opener.Metrics = nil // a command has nobody who reads them
	return opener.Options(module, owner.Migrations())
}

// newCommandHost makes a host for a command that only works on data.
func newCommandHost(o Options) (*Host, error) {
	o.tool = true
	h, err := newHost(o)
	if err != nil {
		return nil, err
	}
	return h, setup.Join(h.broken)
}

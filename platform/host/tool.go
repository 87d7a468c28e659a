package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"app/platform/config"
	"app/platform/database"
)

// tool is the Tool of one module.
type tool struct {
	options Options
	module  string
}

// NewTool makes the tool for the commands of a module. The modules that it needs are
// opened in the same process, except those with a <MODULE>_URL, which are called there.
func NewTool(o Options, module string) Tool {
	o.tool = true
	return tool{options: o.withDefaults(), module: module}
}

// Run implements Tool.
func (t tool) Run(ctx context.Context, do func(ctx context.Context) error) error {
	o := t.options
	var err error
	if o.Hosted, err = t.neededModules(); err != nil {
		return err
	}
	h, err := New(ctx, o)
	if err != nil {
		return err
	}
	if err := h.Start(ctx); err != nil {
		return err
	}
	return errors.Join(do(ctx), h.Stop(context.WithoutCancel(ctx)))
}

// neededModules names the module and whatever it calls, directly or not, that has no
// address of its own.
func (t tool) neededModules() ([]string, error) {
	needed := []string{t.module}
	// The list goes from callee to caller: backwards, every module comes after those
	// that need it.
	for _, m := range slices.Backward(t.options.Modules) {
		if !slices.Contains(needed, m.Name()) {
			continue
		}
		for _, d := range moduleDependencies(m) {
			url, err := config.ModuleURL(t.options.Environment, d.Module)
			if err != nil {
				return nil, &SetupError{err}
			}
			if url == "" && !slices.Contains(needed, d.Module) {
				needed = append(needed, d.Module)
			}
		}
	}
	return needed, nil
}

// Databases opens the databases of the modules in o.Hosted that have one, without
// migrating them, and gives each to do by the name of its module, in order. A SQLite
// file that does not exist yet is made if create says so and left out otherwise.
func Databases(ctx context.Context, o Options, create bool, do func(module string, db *database.DB) error) error {
	o.tool = true
	h, err := newHost(o)
	if err != nil {
		return err
	}
	if h.broken != nil {
		return setupAll(h.broken)
	}
	if create {
		if err := h.openFolder(ctx); err != nil {
			return err
		}
	}
	for _, m := range h.hosted {
		owner, ok := m.module.(DatabaseOwner)
		if !ok || !create && !h.databaseExists(m) {
			continue
		}
		if err := h.withDatabase(ctx, m, owner, do); err != nil {
			return err
		}
	}
	return nil
}

// databaseExists reports whether there is anything to open without making it.
func (h *Host) databaseExists(m *hosted) bool {
	url, _ := h.options.Environment.Get(config.ModuleVariable(m.module.Name(), "DATABASE_URL"))
	place, err := database.ParseURL(url, h.platform.DataDir, m.module.Name())
	if err != nil || place.Engine != database.SQLite {
		return true // a bad URL is reported by opening it
	}
	_, err = os.Stat(place.Path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (h *Host) withDatabase(ctx context.Context, m *hosted, owner DatabaseOwner, do func(string, *database.DB) error) error {
	db, err := h.openDatabase(ctx, m.module.Name(), owner)
	if err != nil {
		return err
	}
	return errors.Join(do(m.module.Name(), db), db.Close())
}

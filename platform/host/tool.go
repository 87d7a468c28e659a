package host

import (
	"context"
	"errors"
	"slices"

	"app/platform/config"
	"app/platform/host/setup"
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
				return nil, setup.Join(err)
			}
			if url == "" && !slices.Contains(needed, d.Module) {
				needed = append(needed, d.Module)
			}
		}
	}
	return needed, nil
}

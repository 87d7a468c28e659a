package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"app/platform/config"
	"app/platform/database"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/lifecycle"
	"app/platform/rpc"
	"app/platform/telemetry"
)

// startupSteps are how a process comes up. What can fail because of the operator comes
// first.
func (h *Host) startupSteps() []func(context.Context) error {
	steps := []func(context.Context) error{h.openFolder, h.openSigner}
	if h.plan.hasListeners() {
		steps = append(steps, h.listenAll)
	}
	steps = append(steps, h.openTraces, h.openDatabases, h.connectClients, h.serveInternalAPI, h.startModules)
	if h.plan.hasListeners() {
		steps = append(steps, h.startEventDelivery, h.servePublicAPI)
	}
	return steps
}

// openFolder makes the data folder where something will be kept in it.
func (h *Host) openFolder(context.Context) error {
	if !h.plan.keepsFiles() {
		return nil
	}
	return prepareDataDir(h.platform.DataDir)
}

// openSigner finds the key that the processes of the shop share. A process that talks
// to no other makes one, and keeps it where the others find it should the shop be split
// on this machine later.
func (h *Host) openSigner(context.Context) error {
	key, err := internalKey(h.platform.InternalKey, h.platform.DataDir)
	switch {
	case err != nil || key != "":
	case h.plan.keepsFiles():
		key, err = generateKey(h.platform.DataDir)
	default:
		key = randomKey()
	}
	if err != nil {
		return &SetupError{err}
	}
	accepted := make([][]byte, len(h.platform.InternalKeysAccepted))
	for i, k := range h.platform.InternalKeysAccepted {
		accepted[i] = []byte(k)
	}
	if h.signer, err = identity.NewSigner([]byte(key), h.options.Now, accepted...); err != nil {
		return &SetupError{err}
	}
	if h.platform.InternalAssertions == config.AssertionsCompatible {
		h.signer.AcceptUnbound()
		h.logger.Warn("INTERNAL_ASSERTIONS=compatible: requests of processes of the release before are believed without being bound to what they ask; set strict when there are none any more")
	}
	return nil
}

func (h *Host) openTraces(ctx context.Context) error {
	flush, err := telemetry.Traces(ctx, h.platform.OTLPEndpoint, "souk", h.options.Version)
	if err != nil {
		return &SetupError{err}
	}
	h.onShutdown("send the last traces", flush)
	return nil
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

// openDatabase opens the database of a module. What is wrong with a file is the
// operator's to mend; a server may come back.
func (h *Host) openDatabase(ctx context.Context, module string, owner DatabaseOwner) (*database.DB, error) {
	url, err := h.options.Environment.Get(config.ModuleVariable(module, "DATABASE_URL"))
	if err != nil {
		return nil, &SetupError{err}
	}
	db, err := database.Open(ctx, h.databaseOptions(module, url, owner))
	if err == nil {
		return db, nil
	}
	err = fmt.Errorf("open the database of %s: %w", module, err)
	if place, bad := database.ParseURL(url, h.platform.DataDir, module); ctx.Err() == nil && (bad != nil || place.Engine == database.SQLite) {
		return nil, &SetupError{err}
	}
	return nil, err
}

func (h *Host) databaseOptions(module, url string, owner DatabaseOwner) database.Options {
	return database.Options{
		Module: module, URL: url, DataDir: h.platform.DataDir, Now: h.options.Now,
		Logger: h.logger.With("module", module), Migrations: moduleMigrations(owner), Metrics: h.registry, Rehearse: h.options.Rehearse,
	}
}

// moduleMigrations are what belongs in a module's database: the platform's tables, then
// its own.
func moduleMigrations(owner DatabaseOwner) []fs.FS {
	return []fs.FS{
		database.Named("events", events.Migrations), database.Named("http", idempotency.Migrations), owner.Migrations(),
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

// connectClients makes the clients of the modules hosted here: guarded local ones where
// the callee is hosted here too, remote ones elsewhere.
func (h *Host) connectClients(context.Context) error {
	h.runtime = rpc.NewRuntime(rpc.Options{
		Signer: h.signer, Logger: h.logger, Metrics: h.registry, Tracer: h.tracerProvider(), Now: h.options.Now,
	})
	h.onShutdown("finish the calls", func(ctx context.Context) error {
		defer h.runtime.Close()
		return h.runtime.Drain(ctx)
	})
	for _, m := range h.hosted {
		for _, d := range moduleDependencies(m.module) {
			if err := h.bindDependency(m.module.Name(), d); err != nil {
				return err
			}
		}
	}
	return nil
}

// tracerProvider is nil where no spans are sent, so that none are made.
func (h *Host) tracerProvider() trace.TracerProvider {
	if h.platform.OTLPEndpoint == "" {
		return nil
	}
	return otel.GetTracerProvider()
}

func (h *Host) bindDependency(caller string, d rpc.Dependency) error {
	if !h.options.areColocated(caller, d.Module) {
		return h.bindRemote(caller, d.Over(h.simulatedLink(caller, d.Module)))
	}
	callee := h.hostedModule(d.Module)
	for _, s := range h.calleeServices(callee) {
		if s.Contract.Service == d.Contract.Service {
			return h.runtime.BindLocal(caller, d, s)
		}
	}
	return fmt.Errorf("%s calls %s, which %s does not serve", caller, d.Contract.Service, d.Module)
}

// bindRemote goes to the process that hosts the module, or around to this one's own
// internal endpoint.
func (h *Host) bindRemote(caller string, d rpc.Dependency) error {
	target, _ := h.plan.Module(d.Module)
	if target.Hosted {
		target.URL = h.InternalURL()
	}
	return h.runtime.BindRemote(caller, d, target.URL)
}

// hostedModule is a module hosted here, nil when it is not.
func (h *Host) hostedModule(name string) *hosted {
	for _, m := range h.hosted {
		if m.module.Name() == name {
			return m
		}
	}
	return nil
}

func (h *Host) calleeServices(m *hosted) []rpc.Service {
	c, ok := m.module.(Callee)
	if !ok {
		return nil
	}
	out := c.Serves()
	for i, s := range out {
		out[i] = s.For(h.callersOf(s.Module, s.Contract.Service))
	}
	return out
}

// callersOf are the modules of the shop, hosted here or not, that declare that they
// call a contract.
func (h *Host) callersOf(module, service string) rpc.Callers {
	callers := rpc.Callers{}
	for _, m := range h.options.Modules {
		for _, d := range moduleDependencies(m) {
			if d.Module == module && d.Contract.Service == service {
				callers.Declare(m.Name(), d)
			}
		}
	}
	return callers
}

func (h *Host) startModules(ctx context.Context) error {
	h.onShutdown("stop the modules", h.supervisor.Stop)
	return h.supervisor.Start(ctx)
}

// supervisedUnit is how the supervisor sees a module: opened and started, stopped, and
// ready while its database answers and it says so itself.
func (h *Host) supervisedUnit(m *hosted) lifecycle.Unit {
	own := lifecycle.UnitOf(m.module)
	return lifecycle.Unit{
		Name: own.Name,
		Start: func(ctx context.Context) error {
			if err := h.openModule(ctx, m); err != nil {
				return err
			}
			m.gate.Open()
			if own.Start == nil || h.options.tool {
				return nil
			}
			return own.Start(ctx)
		},
		Stop: func(ctx context.Context) error {
			m.gate.Close("stopping")
			if own.Stop == nil || h.options.tool {
				return nil
			}
			return own.Stop(ctx)
		},
		Ready: func(ctx context.Context) error {
			if m.db != nil {
				if err := m.db.Ping(ctx); err != nil {
					return fmt.Errorf("database: %w", err)
				}
			}
			if own.Ready == nil {
				return nil
			}
			return own.Ready(ctx)
		},
	}
}

func (h *Host) openModule(ctx context.Context, m *hosted) error {
	if m.api != nil && m.db != nil {
		m.api.UseKeys(idempotency.New(m.db, idempotency.Options{Logger: m.logger, Now: h.options.Now}))
	}
	opener, ok := m.module.(Opener)
	if !ok {
		return nil
	}
	return opener.Open(ctx, h.moduleEnv(m))
}

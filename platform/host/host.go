package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/config"
	"app/platform/database"
	"app/platform/events/node"
	"app/platform/host/plan"
	"app/platform/host/setup"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/lifecycle"
	"app/platform/network"
	"app/platform/operation"
	"app/platform/rpc"
	"app/platform/telemetry"
)

// Host is a process. New plans it, Run serves with it; a Host is used once.
type Host struct {
	options  Options
	platform config.Platform
	broken   error              // what is wrong with platform
	declared []plan.Declaration // of all modules
	plan     *plan.Process
	logger   *slog.Logger

	hosted     []*hosted // in the order of the plan
	apis       []*operation.API
	supervisor *lifecycle.Supervisor
	registry   *prometheus.Registry
	gate       httpserver.Gate

	network *network.Network // nil when nothing is split
	signer  *identity.Signer
	runtime *rpc.Runtime
	node    atomic.Pointer[node.Node]
	servers servers
	undo    []undo
}

// hosted is a module of this process.
type hosted struct {
	module   lifecycle.Module
	declared plan.Declaration
	logger   *slog.Logger
	api      *operation.API  // nil when it publishes nothing
	db       *database.DB    // nil when it owns none
	gate     httpserver.Gate // open when the module is
}

// undo is what a step of the start needs at the end.
type undo struct {
	what string
	do   func(context.Context) error
}

// New plans a process and reads the configuration of the modules that it hosts, and of
// no others. Whatever is missing or wrong comes back at once in one *setup.Error.
// Nothing is opened yet.
func New(_ context.Context, o Options) (*Host, error) {
	h, err := newHost(o)
	if err != nil {
		return nil, err
	}
	missing := make([]error, len(h.plan.Missing))
	for i, line := range h.plan.Missing {
		missing[i] = errors.New(line)
	}
	if err := setup.Join(missing...); err != nil {
		return nil, err
	}
	return h, nil
}

// Examine plans a process without insisting that everything it needs is there: what is
// not is in Missing.
func Examine(o Options) (*plan.Process, error) {
	h, err := newHost(o)
	if err != nil {
		return nil, err
	}
	return h.plan, nil
}

func newHost(o Options) (*Host, error) {
	o = o.withDefaults()
	h := &Host{options: o}
	h.broken = config.Load(o.Environment, &h.platform)
	h.logger = o.Logger
	if h.logger == nil {
		h.logger = telemetry.NewLogger(o.LogTo, h.platform.LogLevel, h.platform.LogFormat)
	}
	h.registry = telemetry.NewRegistry(o.Version)
	if err := h.openNetwork(); err != nil {
		return nil, err
	}
	for _, m := range o.Modules {
		h.addModule(m)
	}
	h.createSupervisor()
	h.registry.MustRegister(h.supervisor)
	if err := h.makePlan(); err != nil {
		return nil, err
	}
	return h, nil
}

// addModule declares the operations of a module, and takes it in when it is hosted
// here.
func (h *Host) addModule(m lifecycle.Module) {
	logger := h.logger.With(slog.String("module", m.Name()))
	api := newAPI(m, operation.Options{Now: h.options.Now})
	if api != nil {
		h.apis = append(h.apis, api)
	}
	declared := declarationOf(m, api)
	h.declared = append(h.declared, declared)
	if slices.Contains(h.options.Hosted, m.Name()) {
		h.hosted = append(h.hosted, &hosted{module: m, declared: declared, logger: logger, api: api})
	}
}

func (h *Host) createSupervisor() {
	units := make([]lifecycle.Unit, len(h.hosted))
	for i, m := range h.hosted {
		units[i] = h.supervisedUnit(m)
	}
	h.supervisor = lifecycle.NewSupervisor(units, lifecycle.Options{
		StartTimeout: h.platform.StartTimeout, StopTimeout: h.platform.ShutdownTimeout, Logger: h.logger,
	})
}

// makePlan also reads the configuration of the modules hosted here: what is wrong with
// it is missing too.
func (h *Host) makePlan() (err error) {
	settings := plan.Settings{
		Modules: h.declared, Hosted: h.options.Hosted, Split: h.options.Split,
		Environment: h.options.Environment, Platform: h.platform, Command: h.options.tool,
	}
	if l := h.options.Internal; l != nil {
		settings.Internal = l.Addr().String()
	}
	if h.plan, err = plan.New(settings); err != nil {
		return err
	}
	h.plan.Missing = append(config.Problems(h.broken), h.plan.Missing...)
	for _, m := range h.hosted {
		if c, ok := m.module.(Configurer); ok {
			h.plan.Missing = append(h.plan.Missing, config.Problems(config.Load(h.options.Environment, c.Config()))...)
		}
	}
	h.plan.Development = h.isDevelopment()
	h.plan.Switches = h.switches()
	return nil
}

// Plan is how the process is put together.
func (h *Host) Plan() *plan.Process { return h.plan }

// Run starts the process, reports that it is ready, and serves until ctx is done; then it
// stops in good order. It returns nil after such an end, also when ctx was done during
// the start. A *setup.Error is the operator's to mend.
func (h *Host) Run(ctx context.Context, ready func()) error {
	switch err := h.Start(ctx); {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return nil //nolint:nilerr // whoever interrupted the start knows that it did not succeed
	case err != nil:
		return err
	}
	if ready != nil {
		ready()
	}
	var failed error
	select {
	case <-ctx.Done():
		h.logger.InfoContext(ctx, "stopping")
	case failed = <-h.servers.failed:
	}
	return errors.Join(failed, h.Stop(context.WithoutCancel(ctx)))
}

// Start brings the process up and returns when it serves. When it fails, or ctx is done
// before, everything that was started is stopped again and the error names what was at
// fault.
func (h *Host) Start(ctx context.Context) error {
	for _, step := range h.startupSteps() {
		if err := step(ctx); err != nil {
			return errors.Join(err, h.Stop(context.WithoutCancel(ctx)))
		}
	}
	if h.isServing() {
		h.logWarnings(ctx)
	}
	h.gate.Open()
	return nil
}

// Stop ends the process: /ready turns negative, requests in flight are finished, then
// deliveries, modules and databases end. Each step has SHUTDOWN_TIMEOUT, within ctx.
func (h *Host) Stop(ctx context.Context) error {
	serving, _ := h.gate.Ready()
	h.gate.Close("stopping")
	if serving && h.isServing() {
		sleepContext(ctx, h.platform.ShutdownDelay)
	}
	var errs []error
	for _, u := range slices.Backward(h.undo) {
		limited, cancel := context.WithTimeout(ctx, h.shutdownStepTimeout())
		if err := u.do(limited); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.what, err))
		}
		cancel()
	}
	h.undo = nil
	return errors.Join(errs...)
}

// isServing reports whether anybody can reach the process.
func (h *Host) isServing() bool { return len(h.plan.Listens) > 0 }

// shutdownStepTimeout bounds one step of the end; the modules' own time-outs come one
// after the other.
func (h *Host) shutdownStepTimeout() time.Duration {
	return h.platform.ShutdownTimeout * time.Duration(len(h.hosted)+1)
}

func sleepContext(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// onShutdown notes what to do at the end.
func (h *Host) onShutdown(what string, do func(context.Context) error) {
	h.undo = append(h.undo, undo{what, do})
}

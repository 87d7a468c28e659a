package host

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"app/platform/config"
	"app/platform/host/internal/datadir"
	"app/platform/host/setup"
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
	if h.isServing() {
		steps = append(steps, h.listenAll)
	}
	steps = append(steps, h.openTraces, h.openDatabases, h.connectClients, h.serveInternalAPI, h.startModules)
	if h.isServing() {
		steps = append(steps, h.startEventDelivery, h.servePublicAPI)
	}
	return steps
}

// openFolder makes the data folder where something will be kept in it.
func (h *Host) openFolder(context.Context) error {
	if !h.plan.KeepsFiles() {
		return nil
	}
	return setup.Join(datadir.Prepare(h.platform.DataDir))
}

// openSigner finds the key that the processes of the shop share. A process that talks
// to no other makes one, and keeps it where the others find it should the shop be split
// on this machine later.
func (h *Host) openSigner(context.Context) error {
	key, err := datadir.FindKey(h.platform.InternalKey, h.platform.DataDir)
	switch {
	case err != nil || key != "":
	case h.plan.KeepsFiles():
		key, err = datadir.CreateKey(h.platform.DataDir)
	default:
		key = datadir.NewKey()
	}
	if err != nil {
		return setup.Join(err)
	}
	accepted := make([][]byte, len(h.platform.InternalKeysAccepted))
	for i, k := range h.platform.InternalKeysAccepted {
		accepted[i] = []byte(k)
	}
	if h.signer, err = identity.NewSigner([]byte(key), h.options.Now, accepted...); err != nil {
		return setup.Join(err)
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
		return setup.Join(err)
	}
	h.onShutdown("send the last traces", flush)
	return nil
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
		for _, d := range m.declared.Calls {
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
	if !h.plan.Colocated(caller, d.Module) {
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
	for _, m := range h.declared {
		for _, d := range m.Calls {
			if d.Module == module && d.Contract.Service == service {
				callers.Declare(m.Name, d)
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

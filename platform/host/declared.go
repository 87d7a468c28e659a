package host

import (
	"app/platform/config"
	"app/platform/events"
	"app/platform/host/plan"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// declarationOf asks a module for all that it declares. api is nil for a module that
// publishes nothing.
func declarationOf(m lifecycle.Module, api *operation.API) plan.Declaration {
	d := plan.Declaration{Name: m.Name(), Calls: moduleDependencies(m)}
	if e, ok := m.(Emitter); ok {
		for _, message := range e.Emits() {
			d.Emits = append(d.Emits, events.TypeOf(message))
		}
	}
	if l, ok := m.(Subscriber); ok {
		d.Subscriptions = l.Subscriptions()
	}
	if c, ok := m.(Configurer); ok {
		d.Variables = config.Describe(c.Config())
	}
	if api != nil {
		d.Operations = api.Operations()
	}
	_, d.Database = m.(DatabaseOwner)
	_, d.Gateway = m.(Gateway)
	if o, ok := m.(Outgoing); ok {
		d.Outside = o.Asks()
	}
	return d
}

func moduleDependencies(m lifecycle.Module) []rpc.Dependency {
	if c, ok := m.(Caller); ok {
		return c.Calls()
	}
	return nil
}

func moduleNames(modules []lifecycle.Module) []string {
	out := make([]string, len(modules))
	for i, m := range modules {
		out[i] = m.Name()
	}
	return out
}

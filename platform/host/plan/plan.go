// Package plan works out how a process with some of the modules is put together: which
// edges between modules are local calls and which go to another process, where each
// module's data is, what the process listens at, what it needs of the broker, and
// everything that the configuration lacks for it. It reads what modules declare and
// what the configuration says, and touches nothing.
package plan

import (
	"slices"

	"app/platform/config"
	"app/platform/events/rabbit"
	"app/platform/operation"
)

// Process is how a process with a selection of modules would be put together.
type Process struct {
	// Modules are all modules of the shop, a callee before its callers.
	Modules []Module
	// Listens are the addresses the process would listen at.
	Listens []Listen
	// Broker is where the broker is, without a password; empty when events travel
	// directly.
	Broker string
	// Development reports whether only people at this machine could use the shop; see
	// config.Platform.
	Development bool
	// Switches are the settings of what belongs to development.
	Switches []config.Switch
	// Warnings say what is set and wants a second look, one line each; the process is
	// served all the same.
	Warnings []string
	// Missing says what is missing or wrong in the configuration, one line each.
	Missing []string

	hosted, split []string
	brokerURL     string
	topology      rabbit.Topology
}

// Module is one module's part of a plan.
type Module struct {
	Name   string
	Hosted bool
	// URL is where the module is reached when it is not hosted here; empty when it is,
	// or when that is not configured.
	URL string
	// Database is where the module's data is, without a password; empty for a module
	// without a database.
	Database string
	Calls    []Edge
	Emits    []string // types of events
	// Subscriptions are the events that the module acts on.
	Subscriptions []Subscription
	// Variables configure the module.
	Variables []config.Variable
	// Operations are the module's public ones.
	Operations []operation.Operation
	// Gateway reports whether the module serves the public API.
	Gateway bool
	// Outside is whom the module may ask that is not part of the shop; empty for a
	// module that asks nobody.
	Outside string

	inFolder bool // its database is a file in the data folder
}

// Edge is a call from one module to another.
type Edge struct {
	To      string // the module
	Service string // full name of the contract
	Local   bool   // the module is hosted in the same process
	URL     string // where it is reached otherwise; empty when that is not configured
}

// Subscription is one consumer of one type of event.
type Subscription struct {
	Consumer string // such as "emails.receipt"
	Type     string // such as "orders.Paid"
	From     string // the emitting module
	Local    bool   // it is hosted in the same process
}

// SubscribesTo reports whether the module acts on a type of event.
func (m Module) SubscribesTo(event string) bool {
	return slices.ContainsFunc(m.Subscriptions, func(s Subscription) bool { return s.Type == event })
}

// Module finds the plan of a module by its name.
func (p *Process) Module(name string) (Module, bool) {
	i := slices.IndexFunc(p.Modules, func(m Module) bool { return m.Name == name })
	if i < 0 {
		return Module{}, false
	}
	return p.Modules[i], true
}

// Hosted names the modules of this process, in the order of Modules.
func (p *Process) Hosted() []string {
	var out []string
	for _, m := range p.Modules {
		if m.Hosted {
			out = append(out, m.Name)
		}
	}
	return out
}

// Colocated reports whether one module reaches another without leaving the process.
func (p *Process) Colocated(from, to string) bool {
	return p.hosts(from) && p.hosts(to) && (from == to || !p.isSplit(from) && !p.isSplit(to))
}

// SimulatedRemote reports whether the two are in this process and treated as if they
// were not; see Settings.Split.
func (p *Process) SimulatedRemote(from, to string) bool {
	return p.hosts(from) && p.hosts(to) && !p.Colocated(from, to)
}

func (p *Process) hosts(module string) bool { return slices.Contains(p.hosted, module) }

func (p *Process) isSplit(module string) bool { return slices.Contains(p.split, module) }

// KeepsFiles reports whether a module hosted here keeps its data in the data folder.
func (p *Process) KeepsFiles() bool {
	return slices.ContainsFunc(p.Modules, func(m Module) bool { return m.Hosted && m.inFolder })
}

// Gateway names the module that serves the public API; empty when there is none.
func (p *Process) Gateway() string {
	for _, m := range p.Modules {
		if m.Gateway {
			return m.Name
		}
	}
	return ""
}

// HostsGateway reports whether this process serves the public API.
func (p *Process) HostsGateway() bool {
	return slices.ContainsFunc(p.Modules, func(m Module) bool { return m.Hosted && m.Gateway })
}

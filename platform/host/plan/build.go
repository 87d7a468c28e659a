package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"app/platform/config"
	"app/platform/database"
	"app/platform/events"
	"app/platform/operation"
	"app/platform/rpc"
)

// Settings are what a plan is made of.
type Settings struct {
	// Modules are what all modules of the shop declare, a callee before its callers.
	Modules []Declaration
	// Hosted names the modules of the process.
	Hosted []string
	// Split names modules of Hosted that are reached as if each had a process of its
	// own.
	Split []string
	// Environment is the configuration, and Platform what has been read of it.
	Environment config.Environment
	Platform    config.Platform
	// Internal is the address of the listener for other processes that the process was
	// given, empty when it was given none.
	Internal string
	// Command is a process that serves nobody: it has no listeners and delivers no
	// events.
	Command bool
}

// Declaration is what one module says of itself before it is opened.
type Declaration struct {
	Name string
	// Calls are the contracts that the module calls.
	Calls []rpc.Dependency
	// Emits are the types of events that it may emit.
	Emits []string
	// Subscriptions are the events that it acts on.
	Subscriptions []events.Subscription
	// Variables configure the module.
	Variables []config.Variable
	// Operations are its public ones.
	Operations []operation.Operation
	// Database reports whether the module has one of its own, Gateway whether it serves
	// the public API.
	Database, Gateway bool
	// Outside is whom it may ask that is not part of the shop, for an operator.
	Outside string
}

// planner makes a plan.
type planner struct {
	Settings
	emits map[string][]string // by module
	plan  Process
}

// New looks at what the modules declare. An error is a mistake in the program, such as
// a circle of calls; what the configuration lacks is in Process.Missing.
func New(s Settings) (*Process, error) {
	p := &planner{Settings: s, emits: map[string][]string{}, plan: Process{hosted: s.Hosted, split: s.Split}}
	for _, m := range s.Modules {
		p.emits[m.Name] = m.Emits
	}
	for _, m := range s.Modules {
		if err := p.addModule(m); err != nil {
			return nil, err
		}
	}
	if !s.Command {
		p.plan.Listens = p.planListeners()
	}
	if a := s.Platform.AdminAddr; !s.Command && a != config.AddressOff && !config.Loopback(a) {
		p.plan.Warnings = append(p.plan.Warnings, "ADMIN_ADDR="+a+": metrics, profiles and reasons for whoever reaches it; keep it on a network of your own")
	}
	p.planBroker()
	p.findMissing()
	return &p.plan, nil
}

func (p *planner) addModule(d Declaration) (err error) {
	m := Module{
		Name: d.Name, Hosted: p.plan.hosts(d.Name), Emits: d.Emits, Variables: d.Variables, Operations: d.Operations,
		Gateway: d.Gateway, Outside: d.Outside,
	}
	if !m.Hosted {
		m.URL, _ = config.ModuleURL(p.Environment, m.Name) // a bad URL is reported by findMissing where it is needed
	}
	if d.Database {
		p.planDatabase(&m)
	}
	if m.Calls, err = p.planCalls(d); err != nil {
		return err
	}
	if m.Subscriptions, err = p.planSubscriptions(d); err != nil {
		return err
	}
	p.plan.Modules = append(p.plan.Modules, m)
	return nil
}

// planCalls insists on a callee before its callers: with that the calls cannot form a
// circle.
func (p *planner) planCalls(m Declaration) ([]Edge, error) {
	var edges []Edge
	for _, d := range m.Calls {
		callee, known := p.plan.Module(d.Module)
		if !known {
			return nil, fmt.Errorf("%s calls %s, which is not listed before it: calls must point down the list of modules", m.Name, d.Module)
		}
		local := p.plan.Colocated(m.Name, d.Module)
		edges = append(edges, Edge{To: d.Module, Service: d.Contract.Service, Local: local, URL: callee.URL})
	}
	return edges, nil
}

func (p *planner) planSubscriptions(m Declaration) ([]Subscription, error) {
	var out []Subscription
	for _, s := range m.Subscriptions {
		from, _, _ := strings.Cut(s.Type, ".")
		if !slices.Contains(p.emits[from], s.Type) {
			return nil, fmt.Errorf("%s subscribes to %s, which no module emits", m.Name, s.Type)
		}
		out = append(out, Subscription{Consumer: s.Consumer, Type: s.Type, From: from, Local: p.plan.Colocated(from, m.Name)})
	}
	return out, nil
}

// planDatabase finds where a module keeps its data.
func (p *planner) planDatabase(m *Module) {
	url, err := p.Environment.Get(config.ModuleVariable(m.Name, "DATABASE_URL"))
	location, bad := database.ParseURL(url, p.Platform.DataDir, m.Name)
	m.Database, m.inFolder = location.String(), url == ""
	if note := location.Unverified(); note != "" && m.Hosted {
		p.plan.Warnings = append(p.plan.Warnings, config.ModuleVariable(m.Name, "DATABASE_URL")+" has "+note)
	}
	if err = errors.Join(err, bad); err != nil && m.Hosted {
		p.plan.Missing = append(p.plan.Missing, config.Problems(err)...)
	}
}

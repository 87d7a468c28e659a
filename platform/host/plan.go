package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"app/platform/config"
	"app/platform/database"
	"app/platform/events/rabbit"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Plan is how a process with a selection of modules would be put together. It is made
// without touching anything.
type Plan struct {
	// Modules are all modules of the shop, a callee before its callers.
	Modules []ModulePlan
	// Listens are the addresses the process would listen at.
	Listens []Listen
	// Broker is where the broker is, without a password; empty when events travel
	// directly.
	Broker string
	// Development reports whether only people at this machine could use the shop; see
	// config.Platform.
	Development bool
	// Switches are the settings of what belongs to development.
	Switches []Switch
	// Warnings say what is set and wants a second look, one line each; the process is
	// served all the same.
	Warnings []string
	// Missing says what is missing or wrong in the configuration, one line each.
	Missing []string

	brokerURL string
	topology  rabbit.Topology // what the process needs of the broker
}

// ModulePlan is one module's part of a plan.
type ModulePlan struct {
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
	Hears    []Hearing
	// Variables configure the module.
	Variables []config.Variable
	// Operations are the module's public ones.
	Operations []operation.Operation
	// Gateway tells that the module serves the public API.
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

// Hearing is one subscription of a module.
type Hearing struct {
	Consumer string // such as "emails.receipt"
	Type     string // such as "orders.Paid"
	From     string // the emitting module
	Local    bool   // it is hosted in the same process
}

// Module finds the plan of a module by its name.
func (p *Plan) Module(name string) (ModulePlan, bool) {
	i := slices.IndexFunc(p.Modules, func(m ModulePlan) bool { return m.Name == name })
	if i < 0 {
		return ModulePlan{}, false
	}
	return p.Modules[i], true
}

// Hosted names the modules of this process.
func (p *Plan) Hosted() []string {
	var out []string
	for _, m := range p.Modules {
		if m.Hosted {
			out = append(out, m.Name)
		}
	}
	return out
}

// Complete is nil when the modules can be served, else a *SetupError that names
// everything that is missing.
func (p *Plan) Complete() error {
	errs := make([]error, len(p.Missing))
	for i, line := range p.Missing {
		errs[i] = errors.New(line)
	}
	return setupAll(errs...)
}

// hasListeners reports whether anybody can reach the process.
func (p *Plan) hasListeners() bool { return len(p.Listens) > 0 }

// keepsFiles reports whether a module hosted here keeps its data in the data folder.
func (p *Plan) keepsFiles() bool {
	return slices.ContainsFunc(p.Modules, func(m ModulePlan) bool { return m.Hosted && m.inFolder })
}

// gatewayModule names the module that serves the public API; empty when there is none.
func (p *Plan) gatewayModule() string {
	for _, m := range p.Modules {
		if m.Gateway {
			return m.Name
		}
	}
	return ""
}

// hostsGateway reports whether this process serves the public API.
func (p *Plan) hostsGateway() bool {
	return slices.ContainsFunc(p.Modules, func(m ModulePlan) bool { return m.Hosted && m.Gateway })
}

// planner makes a plan.
type planner struct {
	environment config.Environment
	platform    config.Platform
	options     Options
	apis        []*operation.API
	emits       map[string][]string // by module
	plan        Plan
}

// buildPlan looks at what the modules declare. An error is a mistake in the program,
// such as a circle of calls; what the configuration lacks is in Plan.Missing.
func (p *planner) buildPlan() (*Plan, error) {
	p.emits = map[string][]string{}
	for _, m := range p.options.Modules {
		p.emits[m.Name()] = emittedEvents(m)
	}
	for _, m := range p.options.Modules {
		if err := p.addModule(m); err != nil {
			return nil, err
		}
	}
	if !p.options.tool {
		p.plan.Listens = p.planListeners()
	}
	if a := p.platform.AdminAddr; !p.options.tool && a != config.AddressOff && !config.Loopback(a) {
		p.plan.Warnings = append(p.plan.Warnings, "ADMIN_ADDR="+a+": metrics, profiles and reasons for whoever reaches it; keep it on a network of your own")
	}
	p.planBroker()
	p.findMissing()
	return &p.plan, nil
}

func (p *planner) isHosted(module string) bool { return slices.Contains(p.options.Hosted, module) }

func (p *planner) addModule(m lifecycle.Module) error {
	mp := ModulePlan{Name: m.Name(), Hosted: p.isHosted(m.Name()), Emits: p.emits[m.Name()]}
	if i := slices.IndexFunc(p.apis, func(a *operation.API) bool { return a.Module() == mp.Name }); i >= 0 {
		mp.Operations = p.apis[i].Operations()
	}
	if !mp.Hosted {
		mp.URL, _ = config.ModuleURL(p.environment, mp.Name) // a bad URL is reported by findMissing where it is needed
	}
	if c, ok := m.(Configurer); ok {
		mp.Variables = config.Describe(c.Config())
	}
	if _, ok := m.(DatabaseOwner); ok {
		p.planDatabase(&mp)
	}
	_, mp.Gateway = m.(Gateway)
	if o, ok := m.(Outgoing); ok {
		mp.Outside = o.Asks()
	}
	var err error
	if mp.Calls, err = p.planCalls(m); err != nil {
		return err
	}
	if mp.Hears, err = p.planSubscriptions(m); err != nil {
		return err
	}
	p.plan.Modules = append(p.plan.Modules, mp)
	return nil
}

// planCalls insists on a callee before its callers: with that the calls cannot form a
// circle.
func (p *planner) planCalls(m lifecycle.Module) ([]Edge, error) {
	c, ok := m.(Caller)
	if !ok {
		return nil, nil
	}
	var edges []Edge
	for _, d := range c.Calls() {
		callee, known := p.plan.Module(d.Module)
		if !known {
			return nil, fmt.Errorf("%s calls %s, which is not listed before it: calls must point down the list of modules", m.Name(), d.Module)
		}
		local := p.options.areColocated(m.Name(), d.Module)
		edges = append(edges, Edge{To: d.Module, Service: d.Contract.Service, Local: local, URL: callee.URL})
	}
	return edges, nil
}

func (p *planner) planSubscriptions(m lifecycle.Module) ([]Hearing, error) {
	var out []Hearing
	for _, s := range moduleSubscriptions(m) {
		from, _, _ := strings.Cut(s.Type, ".")
		if !slices.Contains(p.emits[from], s.Type) {
			return nil, fmt.Errorf("%s hears %s, which no module emits", m.Name(), s.Type)
		}
		out = append(out, Hearing{Consumer: s.Consumer, Type: s.Type, From: from, Local: p.options.areColocated(from, m.Name())})
	}
	return out, nil
}

// planDatabase finds where a module keeps its data.
func (p *planner) planDatabase(mp *ModulePlan) {
	url, err := p.environment.Get(config.ModuleVariable(mp.Name, "DATABASE_URL"))
	location, bad := database.ParseURL(url, p.platform.DataDir, mp.Name)
	mp.Database, mp.inFolder = location.String(), url == ""
	if note := location.Unverified(); note != "" && mp.Hosted {
		p.plan.Warnings = append(p.plan.Warnings, config.ModuleVariable(mp.Name, "DATABASE_URL")+" has "+note)
	}
	if err = errors.Join(err, bad); err != nil && mp.Hosted {
		p.plan.Missing = append(p.plan.Missing, config.Problems(err)...)
	}
}

func moduleNames(modules []lifecycle.Module) []string {
	out := make([]string, len(modules))
	for i, m := range modules {
		out[i] = m.Name()
	}
	return out
}

func moduleDependencies(m lifecycle.Module) []rpc.Dependency {
	if c, ok := m.(Caller); ok {
		return c.Calls()
	}
	return nil
}

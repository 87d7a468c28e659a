package plan

import (
	"context"
	"fmt"
	"slices"

	"app/platform/events/rabbit"
)

// planBroker finds what the process needs of the broker.
func (p *planner) planBroker() {
	p.plan.Broker = rabbit.Address(p.Platform.BrokerURL)
	if p.plan.Broker == "" || p.Command {
		return
	}
	p.plan.brokerURL = p.Platform.BrokerURL
	t := &p.plan.topology
	for _, m := range p.plan.Modules {
		if m.Hosted && len(m.Subscriptions) > 0 {
			t.Listeners = append(t.Listeners, m.Name)
		}
		for _, s := range m.Subscriptions {
			if crosses := (m.Hosted || p.plan.hosts(s.From)) && !s.Local; crosses {
				addBinding(t, m, s)
			}
		}
	}
}

// addBinding ties a listener to a type of event, once.
func addBinding(t *rabbit.Topology, listener Module, s Subscription) {
	binding := rabbit.Binding{Listener: listener.Name, Emitter: s.From, Type: s.Type}
	if !slices.Contains(t.Bindings, binding) {
		t.Bindings = append(t.Bindings, binding)
	}
}

// BrokerTopology is what the process needs at the broker; nothing without a broker.
func (p *Process) BrokerTopology() rabbit.Topology { return p.topology }

// AskBroker looks at the broker for the exchanges and queues that the process needs,
// and makes nothing. An error says why it cannot be asked, which keeps nothing from
// starting: events wait until it is back.
func (p *Process) AskBroker(ctx context.Context) ([]rabbit.Finding, error) {
	if p.brokerURL == "" {
		return nil, nil
	}
	return rabbit.Check(ctx, p.brokerURL, p.topology)
}

// BrokerRights are what the account of the process needs where an administrator has
// imported BrokerDefinitions: patterns of names. false when the process has nothing to
// do with a broker.
func (p *Process) BrokerRights() (rabbit.Rights, bool) {
	a := p.brokerAccount("", func(m Module) bool { return m.Hosted })
	return a.Rights(), len(a.Modules) > 0
}

// The accounts of BrokerDefinitions besides those of the modules.
const (
	brokerAdministrator = "souk"
	// BrokerMonolith is the account of a process with all modules.
	BrokerMonolith = "monolith"
)

// BrokerDefinitions are what a broker imports: an administrator, an account for each
// module and one for all of them together, and every exchange, queue and binding of the
// shop however it is arranged. Passwords are placeholders, see rabbit.Placeholder.
func (p *Process) BrokerDefinitions() ([]byte, error) {
	accounts := []rabbit.Account{{Name: brokerAdministrator}}
	var t rabbit.Topology
	for _, m := range p.Modules {
		if !m.usesBroker() {
			continue
		}
		accounts = append(accounts, p.brokerAccount(m.Name, func(other Module) bool { return other.Name == m.Name }))
		if len(m.Subscriptions) > 0 {
			t.Listeners = append(t.Listeners, m.Name)
		}
		for _, s := range m.Subscriptions {
			if s.From != m.Name {
				addBinding(&t, m, s)
			}
		}
	}
	accounts = append(accounts, p.brokerAccount(BrokerMonolith, func(Module) bool { return true }))
	out, err := rabbit.Definitions("/", accounts, t)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	return out, nil
}

// brokerAccount is the account of the process of some modules.
func (p *Process) brokerAccount(name string, of func(Module) bool) rabbit.Account {
	a := rabbit.Account{Name: name}
	for _, m := range p.Modules {
		if of(m) && m.usesBroker() {
			a.Modules = append(a.Modules, m.Name)
			a.Emits, a.Subscribes = a.Emits || len(m.Emits) > 0, a.Subscribes || len(m.Subscriptions) > 0
		}
	}
	return a
}

func (m Module) usesBroker() bool { return len(m.Emits)+len(m.Subscriptions) > 0 }

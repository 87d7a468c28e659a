package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"app/platform/events"
	"app/platform/events/rabbit"
)

// With a broker, an event goes straight into the inboxes of the listeners in its own
// process, as ever, and once to the broker for all the others. Each process consumes
// the queues of all listeners that it hosts: what another arrangement left there must
// not stay, and what arrives twice has one effect.

// eventDestination is where the relay of one module sends what another hears.
func (h *Host) eventDestination(emitter, listener string) string {
	if h.plan.Broker != "" && !h.options.areColocated(emitter, listener) {
		return rabbit.Destination
	}
	return listener
}

// openPublisher makes the way to the broker. It is closed after the relays, which use
// it, have ended.
func (h *Host) openPublisher() (events.Sender, error) {
	p, err := rabbit.NewPublisher(h.brokerOptions())
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	h.onShutdown("leave the broker", p.Stop)
	return p, nil
}

// hearBroker lets the modules hosted here hear from the broker, if there is one.
func (h *Host) hearBroker() error {
	if len(h.plan.topology.Listeners) == 0 {
		return nil
	}
	c, err := rabbit.NewConsumer(h.brokerOptions(), h.acceptFromBroker)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	h.onShutdown("stop hearing from the broker", c.Stop)
	return nil
}

func (h *Host) brokerOptions() rabbit.Options {
	return rabbit.Options{
		URL: h.platform.BrokerURL, Name: strings.Join(h.plan.Hosted(), ", "), Topology: h.plan.topology,
		Logger: h.logger, Metrics: h.registry,
	}
}

// planBroker finds what the process needs of the broker.
func (p *planner) planBroker() {
	p.plan.Broker = rabbit.Address(p.platform.BrokerURL)
	if p.plan.Broker == "" || p.options.tool {
		return
	}
	p.plan.brokerURL = p.platform.BrokerURL
	t := &p.plan.topology
	for _, m := range p.plan.Modules {
		if m.Hosted && len(m.Hears) > 0 {
			t.Listeners = append(t.Listeners, m.Name)
		}
		for _, h := range m.Hears {
			hearing := rabbit.Hearing{Listener: m.Name, Emitter: h.From, Type: h.Type}
			crosses := (m.Hosted || p.isHosted(h.From)) && !h.Local
			if crosses && !slices.Contains(t.Hearings, hearing) {
				t.Hearings = append(t.Hearings, hearing)
			}
		}
	}
}

// brokerAccount of the broker for the process of some modules.
func (p *Plan) brokerAccount(name string, of func(ModulePlan) bool) rabbit.Account {
	a := rabbit.Account{Name: name}
	for _, m := range p.Modules {
		if of(m) && m.usesBroker() {
			a.Modules = append(a.Modules, m.Name)
			a.Emits, a.Hears = a.Emits || len(m.Emits) > 0, a.Hears || len(m.Hears) > 0
		}
	}
	return a
}

func (m ModulePlan) usesBroker() bool { return len(m.Emits)+len(m.Hears) > 0 }

// BrokerRights are what the account of the process needs where an administrator has
// imported BrokerDefinitions: patterns of names. false when the process has nothing to
// do with a broker.
func (p *Plan) BrokerRights() (rabbit.Rights, bool) {
	a := p.brokerAccount("", func(m ModulePlan) bool { return m.Hosted })
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
func (p *Plan) BrokerDefinitions() ([]byte, error) {
	accounts := []rabbit.Account{{Name: brokerAdministrator}}
	var t rabbit.Topology
	for _, m := range p.Modules {
		if !m.usesBroker() {
			continue
		}
		accounts = append(accounts, p.brokerAccount(m.Name, func(other ModulePlan) bool { return other.Name == m.Name }))
		if len(m.Hears) > 0 {
			t.Listeners = append(t.Listeners, m.Name)
		}
		for _, h := range m.Hears {
			hearing := rabbit.Hearing{Listener: m.Name, Emitter: h.From, Type: h.Type}
			if h.From != m.Name && !slices.Contains(t.Hearings, hearing) {
				t.Hearings = append(t.Hearings, hearing)
			}
		}
	}
	accounts = append(accounts, p.brokerAccount(BrokerMonolith, func(ModulePlan) bool { return true }))
	out, err := rabbit.Definitions("/", accounts, t)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	return out, nil
}

// BrokerPart is an exchange or a queue that a process needs, and how the broker has it.
type BrokerPart = rabbit.Finding

// AskBroker looks at the broker for what the process needs there, and makes nothing. An
// error says why it cannot be asked, which keeps nothing from starting: events wait
// until it is back.
func (p *Plan) AskBroker(ctx context.Context) ([]BrokerPart, error) {
	if p.brokerURL == "" {
		return nil, nil
	}
	return rabbit.Check(ctx, p.brokerURL, p.topology)
}

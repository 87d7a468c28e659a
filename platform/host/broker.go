package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"app/platform/events"
	"app/platform/events/rabbit"
)

// With a broker, an event goes straight into the inboxes of the listeners in its own process, as ever, and once to the
// broker for all the others. Each process consumes the queues of all listeners that it hosts: what another arrangement
// left there must not stay, and what arrives twice has one effect.

// destination is where the relay of one module sends what another hears.
func (h *Host) destination(emitter, listener string) string {
	if h.plan.Broker != "" && !h.options.together(emitter, listener) {
		return rabbit.Destination
	}
	return listener
}

// publisher makes the way to the broker. It is closed after the relays, which use it, have ended.
func (h *Host) publisher() (events.Sender, error) {
	p, err := rabbit.NewPublisher(h.brokerOptions())
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	h.later("leave the broker", p.Stop)
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
	h.later("stop hearing from the broker", c.Stop)
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
			crosses := (m.Hosted || p.hosts(h.From)) && !h.Local
			if crosses && !slices.Contains(t.Hearings, hearing) {
				t.Hearings = append(t.Hearings, hearing)
			}
		}
	}
}

// BrokerPart is an exchange or a queue that a process needs, and how the broker has it.
type BrokerPart = rabbit.Finding

// AskBroker looks at the broker for what the process needs there, and makes nothing. An error says why it cannot be asked,
// which keeps nothing from starting: events wait until it is back.
func (p *Plan) AskBroker(ctx context.Context) ([]BrokerPart, error) {
	if p.brokerURL == "" {
		return nil, nil
	}
	return rabbit.Check(ctx, p.brokerURL, p.topology)
}

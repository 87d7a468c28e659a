package host

import (
	"fmt"
	"strings"

	"app/platform/events/node"
	"app/platform/events/rabbit"
)

// With a broker, an event goes straight into the inboxes of the listeners in its own
// process, as ever, and once to the broker for all the others. Each process consumes
// the queues of all listeners that it hosts: what another arrangement left there must
// not stay, and what arrives twice has one effect.

// eventDestination is where the relay of one module sends what another subscribes to.
func (h *Host) eventDestination(emitter, listener string) string {
	if h.plan.Broker != "" && !h.plan.Colocated(emitter, listener) {
		return rabbit.Destination
	}
	return listener
}

// openPublisher makes the way to the broker. It is closed after the relays, which use
// it, have ended.
func (h *Host) openPublisher() (node.Sender, error) {
	p, err := rabbit.NewPublisher(h.brokerOptions())
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	h.onShutdown("leave the broker", p.Stop)
	return p, nil
}

// consumeBroker brings the modules hosted here what the broker has for them, if there
// is one.
func (h *Host) consumeBroker() error {
	if len(h.plan.BrokerTopology().Listeners) == 0 {
		return nil
	}
	c, err := rabbit.NewConsumer(h.brokerOptions(), h.acceptFromBroker)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	h.onShutdown("stop consuming from the broker", c.Stop)
	return nil
}

func (h *Host) brokerOptions() rabbit.Options {
	return rabbit.Options{
		URL: h.platform.BrokerURL, Name: strings.Join(h.plan.Hosted(), ", "), Topology: h.plan.BrokerTopology(),
		Logger: h.logger, Metrics: h.registry,
	}
}

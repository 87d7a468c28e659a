package host

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app/platform/events"
	"app/platform/events/node"
	"app/platform/events/rabbit"
	"app/platform/host/setup"
	"app/platform/network"
	"app/platform/rpc"
)

// A module of Options.Split is in this process and is treated as if it were not. Its
// edges are those of a module elsewhere, with the simulated network before them;
// nothing here asks how the modules take it.

// checkSplit says what is wrong with Split and Network.
func (o Options) checkSplit() error {
	known := moduleNames(o.Modules)
	var errs []error
	for _, name := range o.Split {
		switch {
		case !slices.Contains(known, name):
			errs = append(errs, fmt.Errorf("there is no module %q to split: the modules are %s", name, strings.Join(known, ", ")))
		case !slices.Contains(o.Hosted, name):
			errs = append(errs, fmt.Errorf("%s is not served here, so it is split already", name))
		}
	}
	return setup.Join(append(errs, o.Network.Validate())...)
}

// openNetwork makes the simulated network, where something is split.
func (h *Host) openNetwork() (err error) {
	if err := h.options.checkSplit(); err != nil || len(h.options.Split) == 0 {
		return err
	}
	h.network, err = network.New(h.options.Network, h.registry)
	return err
}

// Network is the simulated network, nil when nothing is split.
func (h *Host) Network() *network.Network { return h.network }

// simulatedLink is what stands before a caller's calls, nil for nothing.
func (h *Host) simulatedLink(caller, module string) rpc.Link {
	if !h.plan.SimulatedRemote(caller, module) {
		return nil
	}
	return h.network.Link(network.Calls, caller, module)
}

// withSimulatedLink serves the requests that a gateway passes on behind the simulated
// network.
func (h *Host) withSimulatedLink(caller, module string, next http.Handler) http.Handler {
	if !h.plan.SimulatedRemote(caller, module) {
		return next
	}
	return h.network.Link(network.Requests, caller, module).Handler(next)
}

// throughNetwork is the way of events to one destination, for the emitting modules of
// this process. For those that are not apart from it nothing changes.
type throughNetwork struct {
	links map[string]*network.Link // by emitting module
	far   node.Sender
	near  func(ctx context.Context, destination string, batch []events.Envelope) error
}

// overNetwork puts the simulated network before a destination, where it belongs.
func (h *Host) overNetwork(destination string, emitters []node.Emitter, far node.Sender) node.Sender {
	way := throughNetwork{links: map[string]*network.Link{}, far: far, near: h.acceptEvents}
	apart := false
	for _, e := range emitters {
		if h.plan.SimulatedRemote(e.Module, destination) || h.network != nil && destination == rabbit.Destination {
			way.links[e.Module] = h.network.Link(network.Events, e.Module, destination)
			apart = true
		}
	}
	if !apart {
		return far
	}
	return way
}

// acceptEvents hands events to a module hosted here.
func (h *Host) acceptEvents(ctx context.Context, module string, batch []events.Envelope) error {
	return h.node.Load().Accept(ctx, module, batch)
}

// acceptFromBroker is accept for what comes from the broker, behind the simulated
// network.
func (h *Host) acceptFromBroker(ctx context.Context, module string, batch []events.Envelope) error {
	if h.network == nil {
		return h.acceptEvents(ctx, module, batch)
	}
	link := h.network.Link(network.Events, rabbit.Destination, module)
	return link.Carry(ctx, func() error { return h.acceptEvents(ctx, module, withDuplicates(link, batch)) })
}

// Send implements node.Sender.
func (t throughNetwork) Send(ctx context.Context, destination string, batch []events.Envelope) error {
	if len(batch) == 0 {
		return nil
	}
	link := t.links[batch[0].Module]
	if link == nil {
		return t.near(ctx, destination, batch)
	}
	return link.Carry(ctx, func() error { return t.far.Send(ctx, destination, withDuplicates(link, batch)) })
}

// withDuplicates adds the events that the link draws a second time.
func withDuplicates(link *network.Link, batch []events.Envelope) []events.Envelope {
	out := slices.Clip(batch)
	for _, e := range batch {
		if link.Twice() {
			link.Repeated()
			out = append(out, e)
		}
	}
	return out
}

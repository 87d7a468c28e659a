package host

import (
	"context"
	"fmt"
	"slices"

	"app/platform/events/delivery"
	"app/platform/events/node"
	"app/platform/events/rabbit"
	"app/platform/rpc"
)

// startEventDelivery relays what the modules hosted here emit, and starts what they
// subscribe to.
func (h *Host) startEventDelivery(ctx context.Context) error {
	options := node.Options{
		Now: h.options.Now, Logger: h.logger, Metrics: h.registry, Senders: map[string]node.Sender{}, Unruly: h.options.Unruly,
	}
	for _, m := range h.hosted {
		d := m.declared
		if len(d.Emits) > 0 {
			options.Emitters = append(options.Emitters, node.Emitter{
				Module: d.Name, DB: m.db, Routes: h.eventRoutes(d.Name, d.Emits), Former: h.everyDestination(),
			})
		}
		if len(d.Subscriptions) > 0 {
			options.Listeners = append(options.Listeners, node.Listener{Module: d.Name, DB: m.db, Subscriptions: d.Subscriptions})
		}
	}
	if err := h.addSenders(&options); err != nil {
		return err
	}
	n, err := node.New(options)
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	h.node.Store(n)
	if s := h.servers.internal; s != nil {
		h.onShutdown("finish the requests of other processes", s.Shutdown)
	}
	h.onShutdown("stop the events", n.Stop)
	if err := n.Start(ctx); err != nil {
		return err
	}
	return h.consumeBroker()
}

// everyDestination names all that an arrangement of this shop may owe events to.
func (h *Host) everyDestination() []string {
	out := []string{rabbit.Destination}
	for _, m := range h.plan.Modules {
		if len(m.Subscriptions) > 0 {
			out = append(out, m.Name)
		}
	}
	return out
}

// eventRoutes finds who listens to each type of a module, here or elsewhere, and how
// they are reached.
func (h *Host) eventRoutes(emitter string, types []string) map[string][]string {
	routes := map[string][]string{}
	for _, name := range types {
		routes[name] = nil
		for _, m := range h.plan.Modules {
			if d := h.eventDestination(emitter, m.Name); m.SubscribesTo(name) && !slices.Contains(routes[name], d) {
				routes[name] = append(routes[name], d)
			}
		}
	}
	return routes
}

// addSenders makes the ways to the listeners that are not reached within the process.
func (h *Host) addSenders(o *node.Options) error {
	for destination, emitters := range h.remoteListeners(o.Emitters) {
		sender, err := h.newEventSender(destination, emitters)
		if err != nil {
			return fmt.Errorf("events: %w", err)
		}
		o.Senders[destination] = h.overNetwork(destination, o.Emitters, sender)
	}
	return nil
}

func (h *Host) newEventSender(destination string, emitters []string) (node.Sender, error) {
	if destination == rabbit.Destination {
		return h.openPublisher()
	}
	return delivery.NewSender(destination, emitters, h.bindRemote)
}

// remoteListeners are the modules that have to be reached over the network, or the
// broker, each with the modules here that it subscribes to.
func (h *Host) remoteListeners(emitters []node.Emitter) map[string][]string {
	out := map[string][]string{}
	for _, e := range emitters {
		for _, destinations := range e.Routes {
			for _, d := range destinations {
				if !h.plan.Colocated(e.Module, d) && !slices.Contains(out[d], e.Module) {
					out[d] = append(out[d], e.Module)
				}
			}
		}
	}
	return out
}

// deliveryServices answer for the modules here that subscribe to events.
func (h *Host) deliveryServices() []rpc.Service {
	var out []rpc.Service
	for _, m := range h.hosted {
		if len(m.declared.Subscriptions) > 0 {
			out = append(out, delivery.Serve(m.module.Name(), h.node.Load).For(h.emittersFor(m.module.Name())))
		}
	}
	return out
}

// emittersFor are the modules of the shop, hosted here or not, that declare a type of
// event which the module subscribes to.
func (h *Host) emittersFor(listener string) rpc.Callers {
	callers := rpc.Callers{}
	to, _ := h.plan.Module(listener)
	for _, m := range h.plan.Modules {
		if slices.ContainsFunc(m.Emits, to.SubscribesTo) {
			callers[m.Name] = nil
		}
	}
	return callers
}

// servePublicAPI opens the public door.
func (h *Host) servePublicAPI(context.Context) error {
	if h.plan.HostsGateway() {
		handler, err := h.publicEndpoint()
		if err != nil {
			return err
		}
		h.servers.publicHandler.setHandler(handler)
		h.onShutdown("finish the requests", h.servers.public.Shutdown)
	}
	return nil
}

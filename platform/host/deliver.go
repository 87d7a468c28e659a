package host

import (
	"context"
	"fmt"
	"slices"

	"app/platform/events"
	"app/platform/events/delivery"
	"app/platform/events/rabbit"
	"app/platform/lifecycle"
	"app/platform/rpc"
)

// startEventDelivery relays what the modules hosted here emit, and lets them hear.
func (h *Host) startEventDelivery(ctx context.Context) error {
	options := events.Options{
		Now: h.options.Now, Logger: h.logger, Metrics: h.registry, Senders: map[string]events.Sender{}, Unruly: h.options.Unruly,
	}
	for _, m := range h.hosted {
		name := m.module.Name()
		if emits := emittedEvents(m.module); len(emits) > 0 {
			options.Emitters = append(options.Emitters, events.Emitter{
				Module: name, DB: m.db, Routes: h.eventRoutes(name, emits), Former: h.everyDestination(),
			})
		}
		if hears := moduleSubscriptions(m.module); len(hears) > 0 {
			options.Listeners = append(options.Listeners, events.Listener{Module: name, DB: m.db, Subscriptions: hears})
		}
	}
	if err := h.addSenders(&options); err != nil {
		return err
	}
	node, err := events.NewNode(options)
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	h.node.Store(node)
	if s := h.servers.internal; s != nil {
		h.onShutdown("finish the requests of other processes", s.Shutdown)
	}
	h.onShutdown("stop the events", node.Stop)
	if err := node.Start(ctx); err != nil {
		return err
	}
	return h.hearBroker()
}

// everyDestination names all that an arrangement of this shop may owe events to.
func (h *Host) everyDestination() []string {
	out := []string{rabbit.Destination}
	for _, m := range h.options.Modules {
		if len(moduleSubscriptions(m)) > 0 {
			out = append(out, m.Name())
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
		for _, m := range h.options.Modules {
			if d := h.eventDestination(emitter, m.Name()); hearsType(m, name) && !slices.Contains(routes[name], d) {
				routes[name] = append(routes[name], d)
			}
		}
	}
	return routes
}

func hearsType(m lifecycle.Module, name string) bool {
	return slices.ContainsFunc(moduleSubscriptions(m), func(s events.Subscription) bool { return s.Type == name })
}

func emittedEvents(m lifecycle.Module) []string {
	e, ok := m.(Emitter)
	if !ok {
		return nil
	}
	var out []string
	for _, message := range e.Emits() {
		out = append(out, events.TypeOf(message))
	}
	return out
}

func moduleSubscriptions(m lifecycle.Module) []events.Subscription {
	if l, ok := m.(Listener); ok {
		return l.Hears()
	}
	return nil
}

// addSenders makes the ways to the listeners that are not reached within the process.
func (h *Host) addSenders(o *events.Options) error {
	for destination, emitters := range h.remoteListeners(o.Emitters) {
		sender, err := h.newEventSender(destination, emitters)
		if err != nil {
			return fmt.Errorf("events: %w", err)
		}
		o.Senders[destination] = h.overNetwork(destination, o.Emitters, sender)
	}
	return nil
}

func (h *Host) newEventSender(destination string, emitters []string) (events.Sender, error) {
	if destination == rabbit.Destination {
		return h.openPublisher()
	}
	return delivery.NewSender(destination, emitters, h.bindRemote)
}

// remoteListeners are the modules that have to be reached over the network, or the
// broker, each with the modules here that it hears.
func (h *Host) remoteListeners(emitters []events.Emitter) map[string][]string {
	out := map[string][]string{}
	for _, e := range emitters {
		for _, destinations := range e.Routes {
			for _, d := range destinations {
				if !h.options.areColocated(e.Module, d) && !slices.Contains(out[d], e.Module) {
					out[d] = append(out[d], e.Module)
				}
			}
		}
	}
	return out
}

// deliveryServices answer for the modules here that hear.
func (h *Host) deliveryServices() []rpc.Service {
	var out []rpc.Service
	for _, m := range h.hosted {
		if len(moduleSubscriptions(m.module)) > 0 {
			out = append(out, delivery.Serve(m.module.Name(), h.node.Load).For(h.emittersFor(m.module)))
		}
	}
	return out
}

// emittersFor are the modules of the shop, hosted here or not, that declare a type of
// event which the module hears.
func (h *Host) emittersFor(listener lifecycle.Module) rpc.Callers {
	callers := rpc.Callers{}
	for _, m := range h.options.Modules {
		if slices.ContainsFunc(emittedEvents(m), func(name string) bool { return hearsType(listener, name) }) {
			callers[m.Name()] = nil
		}
	}
	return callers
}

// servePublicAPI opens the public door.
func (h *Host) servePublicAPI(context.Context) error {
	if h.plan.hostsGateway() {
		handler, err := h.publicEndpoint()
		if err != nil {
			return err
		}
		h.servers.publicHandler.setHandler(handler)
		h.onShutdown("finish the requests", h.servers.public.Shutdown)
	}
	return nil
}

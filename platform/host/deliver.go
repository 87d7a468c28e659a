package host

import (
	"context"
	"fmt"
	"slices"

	"app/platform/events"
	"app/platform/lifecycle"
)

// deliver relays what the modules hosted here emit, and lets them hear.
func (h *Host) deliver(ctx context.Context) error {
	options := events.Options{Now: h.options.Now, Logger: h.logger, Metrics: h.registry, Senders: map[string]events.Sender{}}
	if h.options.DuplicateEvents {
		options.Duplicate = func(events.Envelope) bool { return true }
	}
	for _, m := range h.hosted {
		name := m.module.Name()
		if emits := emitted(m.module); len(emits) > 0 {
			options.Emitters = append(options.Emitters, events.Emitter{Module: name, DB: m.db, Routes: h.eventRoutes(emits)})
		}
		if hears := subscriptions(m.module); len(hears) > 0 {
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
	h.node = node
	h.later("stop the events", node.Stop)
	return node.Start(ctx) //nolint:wrapcheck // names the module
}

// eventRoutes finds who listens to each type, here or elsewhere.
func (h *Host) eventRoutes(types []string) map[string][]string {
	routes := map[string][]string{}
	for _, name := range types {
		routes[name] = nil
		for _, m := range h.options.Modules {
			if hearsType(m, name) {
				routes[name] = append(routes[name], m.Name())
			}
		}
	}
	return routes
}

func hearsType(m lifecycle.Module, name string) bool {
	return slices.ContainsFunc(subscriptions(m), func(s events.Subscription) bool { return s.Type == name })
}

func emitted(m lifecycle.Module) []string {
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

func subscriptions(m lifecycle.Module) []events.Subscription {
	if l, ok := m.(Listener); ok {
		return l.Hears()
	}
	return nil
}

// addSenders is the way to the listeners in other processes.
func (h *Host) addSenders(*events.Options) error { return nil }

// serve opens the doors: the internal endpoint first, because the public one may need it.
func (h *Host) serve(context.Context) error {
	if s := h.servers.internal; s != nil {
		h.later("finish the requests of other processes", s.Shutdown)
	}
	if h.plan.hostsGateway() {
		handler, err := h.publicEndpoint()
		if err != nil {
			return err
		}
		h.servers.publicHandler.set(handler)
		h.later("finish the requests", h.servers.public.Shutdown)
	}
	return nil
}

package host

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"app/platform/events"
	"app/platform/events/rabbit"
	"app/platform/network"
	"app/platform/rpc"
)

// A module of Options.Split is in this process and is treated as if it were not. Its
// edges are those of a module elsewhere, with the simulated network before them;
// nothing here asks how the modules take it.

// areColocated reports whether one module reaches another without leaving the process.
func (o Options) areColocated(from, to string) bool {
	return slices.Contains(o.Hosted, from) && slices.Contains(o.Hosted, to) && (from == to || !o.isSplit(from) && !o.isSplit(to))
}

func (o Options) isSplit(module string) bool { return slices.Contains(o.Split, module) }

// isSimulatedRemote reports whether the two are in this process and treated as if they
// were not.
func (o Options) isSimulatedRemote(from, to string) bool {
	return slices.Contains(o.Hosted, from) && slices.Contains(o.Hosted, to) && !o.areColocated(from, to)
}

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
	return setupAll(append(errs, o.Network.Validate())...)
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
	if !h.options.isSimulatedRemote(caller, module) {
		return nil
	}
	return h.network.Link(network.Calls, caller, module)
}

// withSimulatedLink serves the requests that a gateway passes on behind the simulated
// network. What is lost, whether the module has seen it or not, is a connection that
// breaks without an answer.
func (h *Host) withSimulatedLink(caller, module string, next http.Handler) http.Handler {
	if !h.options.isSimulatedRemote(caller, module) {
		return next
	}
	link := h.network.Link(network.Requests, caller, module)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply := &reply{to: w, header: http.Header{}, status: http.StatusOK}
		err := link.Carry(r.Context(), func() error {
			next.ServeHTTP(reply, r)
			return nil
		})
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		reply.writeTo(w)
	})
}

// reply is a response that may still be lost.
type reply struct {
	to      http.ResponseWriter
	header  http.Header
	status  int
	begun   bool
	content bytes.Buffer
}

// Unwrap lets the operation tell the listener what it serves.
func (r *reply) Unwrap() http.ResponseWriter { return r.to }

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *reply) WriteHeader(status int) {
	if !r.begun && status >= http.StatusOK {
		r.status, r.begun = status, true
	}
}

// Write implements http.ResponseWriter.
func (r *reply) Write(data []byte) (int, error) {
	r.begun = true
	return r.content.Write(data)
}

func (r *reply) writeTo(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.content.Bytes()) // the gateway may have gone
}

// throughNetwork is the way of events to one destination, for the emitting modules of
// this process. For those that are not apart from it nothing changes.
type throughNetwork struct {
	links map[string]*network.Link // by emitting module
	far   events.Sender
	near  func(ctx context.Context, destination string, batch []events.Envelope) error
}

// overNetwork puts the simulated network before a destination, where it belongs.
func (h *Host) overNetwork(destination string, emitters []events.Emitter, far events.Sender) events.Sender {
	way := throughNetwork{links: map[string]*network.Link{}, far: far, near: h.acceptEvents}
	apart := false
	for _, e := range emitters {
		if h.options.isSimulatedRemote(e.Module, destination) || h.network != nil && destination == rabbit.Destination {
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

// Send implements events.Sender.
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

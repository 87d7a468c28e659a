// Package delivery carries events from one process to another without a broker: the
// emitting module's relay calls the listening module as any module calls another
// (package rpc), which answers when the events are in its inbox.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"app/platform/events"
	"app/platform/events/eventsv1"
	"app/platform/events/node"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc"
)

// Bind connects the contract that a module needs to whoever serves it; see
// rpc.Runtime.BindRemote.
type Bind func(caller string, d rpc.Dependency) error

// NewSender makes the way from the emitting modules of this process to a listening
// module elsewhere. bind is called once for each emitter.
func NewSender(destination string, emitters []string, bind Bind) (node.Sender, error) {
	s := sender{}
	for _, emitter := range emitters {
		client := new(eventsv1.DeliveryClient)
		if err := bind(emitter, eventsv1.NeedDelivery(client).ForModule(destination)); err != nil {
			return nil, fmt.Errorf("deliver events to %s: %w", destination, err)
		}
		s[emitter] = client
	}
	return s, nil
}

// sender has a client for each emitting module.
type sender map[string]*eventsv1.DeliveryClient

// Send implements node.Sender.
func (s sender) Send(ctx context.Context, destination string, batch []events.Envelope) error {
	if len(batch) == 0 {
		return nil
	}
	client := s[batch[0].Module]
	if client == nil {
		return fmt.Errorf("%s has no way to %s", batch[0].Module, destination)
	}
	_, err := (*client).Deliver(ctx, &eventsv1.DeliverRequest{Events: events.ToWire(batch)})
	return err //nolint:wrapcheck // names callee and method
}

// Serve answers for a listening module of this process. current may give nil while the
// process starts: deliveries are then refused and come again.
func Serve(module string, current func() *node.Node) rpc.Service {
	h := handler{module, current}
	return eventsv1.ServeDelivery(func() eventsv1.DeliveryHandler { return h }).ForModule(module)
}

type handler struct {
	module  string
	current func() *node.Node
}

// Deliver implements eventsv1.DeliveryHandler.
func (h handler) Deliver(ctx context.Context, in *eventsv1.DeliverRequest) (*eventsv1.DeliverResponse, error) {
	n := h.current()
	if n == nil {
		return nil, fault.New(fault.Unavailable, "not_listening", "")
	}
	batch, err := events.FromWire(in.GetEvents())
	if err != nil {
		return nil, fault.New(fault.InvalidArgument, "malformed_event", "").Because(err)
	}
	if err := checkEmitter(identity.Caller(ctx), batch); err != nil {
		return nil, fault.New(fault.PermissionDenied, "foreign_event", "").Because(err)
	}
	switch err := n.Accept(ctx, h.module, batch); {
	case errors.Is(err, node.ErrStopped):
		return nil, fault.New(fault.Unavailable, "not_listening", "").Because(err)
	case err != nil:
		return nil, fault.New(fault.Unavailable, "inbox_unavailable", "").Because(err)
	}
	return &eventsv1.DeliverResponse{}, nil
}

// checkEmitter checks that a module tells of itself only. Types that this release does
// not know are kept all the same: a later one may.
func checkEmitter(caller string, batch []events.Envelope) error {
	for i := range batch {
		if e := &batch[i]; e.Module != caller || !strings.HasPrefix(e.Type, caller+".") {
			return fmt.Errorf("%q delivers %q of %q", caller, e.Type, e.Module)
		}
	}
	return nil
}

package events_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/eventstest"
	"app/platform/fault"
)

// listenerService is what a module makes when it is opened.
type listenerService struct{ heard []string }

func (s *listenerService) Said(_ context.Context, _ *database.Tx, e eventstest.Event) error {
	s.heard = append(s.heard, e.Body.GetValue())
	return nil
}

// A module declares its subscriptions, and gets its receiver when it is opened.
func ExampleOn() {
	var m struct{ service *listenerService }
	subscription := events.Subscribe("emails.receipt", events.On(&m.service, (*listenerService).Said))

	m.service = &listenerService{} // when the module is opened
	fmt.Println(subscription.Consumer, subscription.Type)
	// Output: emails.receipt protobuf.StringValue
}

func TestOn(t *testing.T) {
	t.Parallel()
	var m struct{ service *listenerService }
	handle := events.On(&m.service, (*listenerService).Said)
	e := eventstest.Event{Body: wrapperspb.String("paid")}

	if err := handle(t.Context(), nil, e); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("before the receiver is there: %v, want it to be unavailable", err)
	}
	m.service = &listenerService{}
	if err := handle(t.Context(), nil, e); err != nil || len(m.service.heard) != 1 || m.service.heard[0] != "paid" {
		t.Errorf("afterwards: %v, heard %v", err, m.service.heard)
	}
}

package e2e_test

import (
	"regexp"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
	"app/platform/events/rabbit/rabbittest"
)

// The broker is killed and stays away while buyers check out: orders are acknowledged
// and paid for, and what has to be told is told when it is back.
func TestFailure19_CheckoutsWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	broker := rabbittest.Start(t)
	s := shop.Open(t, shop.Processes, map[string]string{"BROKER_URL": broker.URL()})
	ctx := t.Context()
	st := openStand(t, s, "broker", 500, 50)
	guest, order := buy(t, s.Client, st.product.ID, 1, "before@example.com", "test_ok", "order-before-the-broker-dies")
	must(guest.AwaitOrder(ctx, order.ID, "paid"))(t)

	<-time.After(2 * time.Second) // RabbitMQ 3.10 loses quorum queues that are younger than a second when it is killed
	broker.Kill(t)
	told := []invariants.Acknowledged{{OrderID: order.ID, Key: "order-before-the-broker-dies"}}
	var guests []*shop.Client
	for _, method := range []string{"test_ok", "test_declined", "test_slow", "test_duplicate"} {
		guest, order := buy(t, s.Client, st.product.ID, 1, method+"@example.com", method, "order-without-broker-"+method)
		told = append(told, invariants.Acknowledged{OrderID: order.ID, Key: "order-without-broker-" + method})
		guests = append(guests, guest)
	}
	for _, part := range s.Parts {
		part.AwaitReady(t) // still
	}
	emails := s.Part(t, "emails")
	emails.Kill(t) // and one starts while there is no broker
	emails.Start(t)
	emails.AwaitReady(t)

	broker.Restart(t)
	for i, status := range []string{"paid", "cancelled", "paid", "paid"} {
		must(guests[i].AwaitOrder(ctx, told[i+1].OrderID, status))(t)
	}
	must(s.AwaitLetter(ctx, "test_ok@example.com", regexp.MustCompile("Receipt for order "+told[1].OrderID)))(t)
	settled(t, s, told...)
}

package service_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/transport"
	"app/modules/emails/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
)

// What is not the e-mail's fault costs it no attempt, however long it lasts; the
// transport is left alone meanwhile.
func TestBlockedTransport(t *testing.T) {
	t.Parallel()
	c, tr := newClock(), &courier{send: func(store.Letter) error { return fmt.Errorf("535: %w", transport.ErrBlocked) }}
	s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
	s.Workers = 1
	var waits []time.Duration
	s.Later = func(d time.Duration) { waits = append(waits, d) }
	first, second := queue(t, s, "a@example.com"), queue(t, s, "b@example.com")
	offers := func() int { return tr.took[first] + tr.took[second] }
	for try := 1; try <= 20; try++ {
		sendDue(t, s)
		if offers() != try {
			t.Fatalf("%d offers after %d tries: while it is blocked nothing is offered", offers(), try)
		}
		c.Advance(61 * time.Second)
	}
	if len(waits) == 0 || waits[0] <= 0 || waits[0] > time.Minute {
		t.Errorf("asked to be woken after %v", waits)
	}
	tr.send = nil
	sendDue(t, s)
	for _, id := range []string{first, second} {
		if l, err := s.ByID(context.Background(), id); err != nil || l.Status != store.Sent || l.Attempts != 1 {
			t.Errorf("%s after %d attempts, %v", l.Status, l.Attempts, err)
		}
	}
}

func TestThrottledLetterKeepsItsAttempts(t *testing.T) {
	t.Parallel()
	c, tr := newClock(), &courier{send: func(store.Letter) error { return transport.ErrThrottled }}
	s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
	id := queue(t, s, "a@example.com")
	for range 10 {
		sendDue(t, s)
		c.Advance(time.Minute)
	}
	if l, err := s.ByID(context.Background(), id); err != nil || l.Status != store.Queued || l.Attempts != 0 {
		t.Errorf("%s after %d attempts, %v", l.Status, l.Attempts, err)
	}
	c.Advance(73 * time.Hour)
	sendDue(t, s)
	if l, err := s.ByID(context.Background(), id); err != nil || l.Failure != store.Expired {
		t.Errorf("after three days it is %s %s, %v", l.Status, l.Failure, err)
	}
}

// A worker that is told to stop gives back what it has claimed and not offered.
func TestStopInMidBatch(t *testing.T) {
	t.Parallel()
	c, tr := newClock(), &courier{}
	s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
	s.Workers = 1
	for i := range 5 {
		queue(t, s, fmt.Sprintf("a%d@example.com", i))
	}
	ctx, stop := context.WithCancel(context.Background())
	tr.send = func(store.Letter) error {
		stop()
		return nil
	}
	if _, err := s.SendDue(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := tally(t, s); got[store.Sent] != 1 || got[store.Queued] != 4 {
		t.Errorf("letters by status: %v", got)
	}
	tr.send = nil
	if sendDue(t, s); tally(t, s)[store.Sent] != 5 {
		t.Errorf("letters by status: %v", tally(t, s))
	}
}

// Whoever waits for a code is served first, and merchants' e-mails last.
func TestPriorities(t *testing.T) {
	t.Parallel()
	c, tr := newClock(), &courier{}
	s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
	s.Workers = 1
	var order []string
	tr.send = func(l store.Letter) error {
		order = append(order, l.Template)
		return nil
	}
	paid(t, s, "ord_1", "mer_1", "", "a@example.com")
	if _, err := s.SendDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	order = nil // without the receipt
	write := func(id, merchant, template string, data map[string]any) {
		r := service.Request{ID: id, MerchantID: merchant, Template: template, To: "a@example.com", Data: data}
		if merchant != "" {
			r.To, r.OrderID = "", "ord_1"
		}
		if _, err := s.Write(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
	}
	write("ltr_1", "mer_1", "order_shipped", map[string]any{"carrier": "c", "tracking": "t"})
	write("ltr_2", "", "welcome", map[string]any{"first_name": "Ada"})
	write("ltr_3", "", "sign_in_code", map[string]any{"first_name": "Ada", "code": "1", "minutes": 10})
	sendDue(t, s)
	if fmt.Sprint(order) != "[sign_in_code welcome order_shipped]" {
		t.Errorf("sent in the order %v", order)
	}
}

func TestMerchantsLetters(t *testing.T) {
	t.Parallel()
	ctx, c := context.Background(), newClock()
	s := newService(t, dbtest.Open(t, migrations.Files), c, &courier{})
	for _, m := range []string{"mer_1", "mer_2"} {
		paid(t, s, "ord_"+m, m, "", "a@example.com")
	}
	write := func(merchant, template string, n int) error {
		_, err := s.Write(ctx, service.Request{
			ID: fmt.Sprint("ltr_", merchant, template, n), MerchantID: merchant, Template: template, OrderID: "ord_" + merchant,
			Data: map[string]any{"first_name": "Ada", "carrier": "c", "tracking": "t", "topic": "t", "message": "m"},
		})
		return err
	}
	for _, template := range []string{"welcome", "sign_in_code", "merchant_message"} { // the last one is not configured here
		if err := write("mer_1", template, 0); fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("%s by a merchant: %v", template, err)
		}
	}
	for n := range 3 {
		if err := write("mer_1", "order_shipped", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := write("mer_1", "order_shipped", 3); fault.ReasonOf(err) != "merchant_rate" {
		t.Errorf("one more than the limit: %v", err)
	}
	if err := write("mer_2", "order_shipped", 0); err != nil {
		t.Errorf("another merchant: %v", err)
	}
	c.Advance(61 * time.Minute)
	if err := write("mer_1", "order_shipped", 4); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	if _, err := service.New(service.Options{Letters: s.Letters, MerchantTemplates: []string{"sign_in_code"}, Limits: s.Limits}); err == nil {
		t.Error("merchants could be let send the shop's own codes")
	}
}

// Links lead to the shop and nowhere else.
func TestFailure27_LinksOfWrittenLetters(t *testing.T) {
	t.Parallel()
	s := newService(t, dbtest.Open(t, migrations.Files), newClock(), &courier{})
	s.PublicURL = "https://shop.example"
	for link, fits := range map[string]bool{
		"https://shop.example/codes?a=1": true, "": true, "https://shop.example.evil.example/": false, "https://evil.example/": false, "http://shop.example/": false,
	} {
		_, err := s.Write(context.Background(), service.Request{
			ID: "ltr_" + link, Template: "sign_in_code", To: "a@example.com", Data: map[string]any{"first_name": "", "code": "1", "minutes": 1, "link": link},
		})
		if (err == nil) != fits {
			t.Errorf("link %q: %v", link, err)
		}
	}
}

// The clock goes back an hour: the transport is not left alone, and no e-mail waits,
// until it has come up again.
func TestFault22_LettersWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		c, tr := newClock(), &courier{send: func(store.Letter) error { return fmt.Errorf("535: %w", transport.ErrBlocked) }}
		s := newService(t, db, c, tr)
		s.Workers = 1
		blocked := queue(t, s, "a@example.com")
		sendDue(t, s)
		fresh := queue(t, s, "b@example.com")
		c.Advance(-time.Hour)
		tr.send = nil
		for range 2 { // what waits for too long is found at the end of a round
			sendDue(t, s)
		}
		for _, id := range []string{blocked, fresh} {
			if got := status(t, s, id); got != store.Sent {
				t.Errorf("%s is %s", id, got)
			}
		}
	}, migrations.Files)
}

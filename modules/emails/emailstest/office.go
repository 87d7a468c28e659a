package emailstest

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/mailbox"
	"app/modules/emails/internal/notification"
	"app/modules/emails/internal/request"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/internal/template"
	"app/modules/emails/internal/withheld"
	"app/modules/emails/migrations"
	"app/modules/orders/ordersevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// Subjects are the services of one process.
type Subjects struct {
	Emails        *email.Service
	Requests      *request.Service
	Notifications *notification.Service
	Withheld      *withheld.Service
	Mailbox       *mailbox.Service
	Suppressions  *suppression.Service
}

// Office is the emails module on a real database, with a transport and neighbours made
// by hand.
type Office struct {
	Subjects
	DB      *database.DB
	Clock   *Clock
	Courier *Courier

	T testing.TB
}

var schemas = []fs.FS{database.Named("http", idempotency.Migrations), migrations.Files}

// New is an office on SQLite, for what no engine can make a difference to.
func New(t testing.TB) *Office {
	t.Helper()
	return openOffice(t, dbtest.Open(t, schemas...))
}

// Each runs the test on every engine.
func Each(t *testing.T, run func(t *testing.T, o *Office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, openOffice(t, db)) }, schemas...)
}

func openOffice(t testing.TB, db *database.DB) *Office {
	t.Helper()
	o := &Office{T: t, DB: db, Clock: NewClock(), Courier: &Courier{}}
	o.Subjects = o.Twin()
	return o
}

// Twin is a second process on the same database. An address gets 100 e-mails a day; a
// merchant may write 3 an hour, an owner 5 and a network 1000.
func (o *Office) Twin() Subjects {
	o.T.Helper()
	set, err := template.Parse("en")
	o.Must(err)
	logger := slog.New(slog.DiscardHandler)
	emails, err := email.NewService(email.Options{
		DB: o.DB, Transport: o.Courier, Templates: set, Logger: logger, Now: o.Clock.Now,
		Workers: 4, Lease: time.Minute, Attempts: 3, MaxAge: 72 * time.Hour, RecipientRate: 100,
	})
	o.Must(err)
	requests, err := request.NewService(request.Options{
		DB: o.DB, Emails: emails, Merchants: Merchants{}, Now: o.Clock.Now,
		MerchantTemplates: []string{"one_time_code", "order_shipped"}, Limits: budget.Limits{Merchant: 3, Owner: 5, Network: 1000},
	})
	o.Must(err)
	kept, err := withheld.NewService(withheld.Options{DB: o.DB, Now: o.Clock.Now})
	o.Must(err)
	return Subjects{
		Emails: emails, Requests: requests, Withheld: kept,
		Notifications: &notification.Service{DB: o.DB, Emails: emails, Withheld: kept, Logger: logger, Now: o.Clock.Now},
		Mailbox:       &mailbox.Service{DB: o.DB, Now: o.Clock.Now}, Suppressions: &suppression.Service{DB: o.DB},
	}
}

// Must ends the test when there is an error.
func (o *Office) Must(errs ...error) {
	o.T.Helper()
	if err := errors.Join(errs...); err != nil {
		o.T.Fatal(err)
	}
}

// Queue asks for an e-mail and returns its id.
func (o *Office) Queue(to string) string {
	o.T.Helper()
	e, err := o.Requests.Write(context.Background(), request.Request{
		ID: ids.New("ltr", o.Clock.Now()), Template: "welcome", To: to, Data: map[string]any{"first_name": "Ada"},
	})
	o.Must(err)
	return e.ID
}

// SendDue sends what is due and returns how many e-mails were tried.
func (o *Office) SendDue() int {
	o.T.Helper()
	return SendDue(o.T, o.Emails)
}

// SendDue has a service send what is due and returns how many e-mails it tried.
func SendDue(t testing.TB, s *email.Service) int {
	t.Helper()
	n, err := s.SendDue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Email reads an e-mail.
func (o *Office) Email(id string) email.Email {
	o.T.Helper()
	e, err := o.Emails.ByID(context.Background(), id)
	o.Must(err)
	return e
}

// Status reads how far an e-mail is.
func (o *Office) Status(id string) email.Status {
	o.T.Helper()
	return o.Email(id).Status
}

// All lists the e-mails, newest first.
func (o *Office) All() []email.Email {
	o.T.Helper()
	found, err := o.Emails.List(context.Background(), email.Filter{Limit: 10000})
	o.Must(err)
	return found
}

// Written counts the e-mails to an address, by template.
func (o *Office) Written(to string) map[string]int {
	o.T.Helper()
	count := map[string]int{}
	for _, e := range o.All() {
		if e.Recipient == to {
			count[e.Template]++
		}
	}
	return count
}

// Tally counts the e-mails by status.
func (o *Office) Tally() map[email.Status]int {
	o.T.Helper()
	return Tally(o.T, o.Emails)
}

// Tally counts the e-mails of a service by status.
func Tally(t testing.TB, s *email.Service) map[email.Status]int {
	t.Helper()
	found, err := s.List(context.Background(), email.Filter{Limit: 10000})
	if err != nil {
		t.Fatal(err)
	}
	count := map[email.Status]int{}
	for _, e := range found {
		count[e.Status]++
	}
	return count
}

// Deliver runs a listener as the inbox does.
func (o *Office) Deliver(listener func(ctx context.Context, tx *database.Tx) error) {
	o.T.Helper()
	if err := o.DB.Write(context.Background(), listener); err != nil {
		o.T.Error(err)
	}
}

// Happened is an event of what a clock shows.
func Happened[M proto.Message](c *Clock, id string, body M) events.Event[M] {
	return events.Event[M]{Envelope: events.Envelope{ID: id, OccurredAt: c.Now()}, Body: body}
}

// Crowd works n at a time until all are done.
func Crowd(all, n int, work func(i int)) {
	var workers sync.WaitGroup
	var next atomic.Int64
	for range n {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < all; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	workers.Wait()
}

// EUR is an amount in cents.
func EUR(n int64) *moneyv1.Money { return &moneyv1.Money{Amount: n, Currency: "EUR"} }

// Order is an order of one thing; buyer is empty for a guest.
func Order(id, merchant, buyer, address string) *ordersevents.Order {
	return &ordersevents.Order{
		Id: id, BuyerId: buyer, Email: address, Total: EUR(0), Locale: "en",
		Lines: []*ordersevents.Line{{MerchantId: merchant, Title: "Cards", Quantity: 1, Price: EUR(0), Total: EUR(0)}},
	}
}

// Paid delivers to a process that an order was paid.
func (o *Office) Paid(at *notification.Service, order *ordersevents.Order) {
	o.T.Helper()
	o.Deliver(func(ctx context.Context, tx *database.Tx) error {
		return at.Paid(ctx, tx, Happened(o.Clock, "evt_"+order.GetId(), &ordersevents.Paid{Order: order}))
	})
}

// Cancelled delivers that an order was given up.
func (o *Office) Cancelled(order *ordersevents.Order, wasPaid bool) {
	o.T.Helper()
	o.Deliver(func(ctx context.Context, tx *database.Tx) error {
		return o.Notifications.Cancelled(ctx, tx, Happened(o.Clock, "evt_cancelled_"+order.GetId(), &ordersevents.Cancelled{Order: order, WasPaid: wasPaid}))
	})
}

// Registered delivers that there is an account, whose owner has shown that the address
// is theirs.
func (o *Office) Registered(user, address string) {
	o.T.Helper()
	o.Deliver(func(ctx context.Context, tx *database.Tx) error {
		return o.Notifications.Registered(ctx, tx, Happened(o.Clock, "evt_"+user, &usersevents.Registered{UserId: user, Email: address}))
	})
}

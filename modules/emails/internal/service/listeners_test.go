package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/transport"
	"app/modules/emails/migrations"
	"app/modules/merchants/merchantsevents"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/money/moneyv1"
)

func event[M proto.Message](id string, c *clock, body M) events.Event[M] {
	return events.Event[M]{Envelope: events.Envelope{ID: id, OccurredAt: c.Now()}, Body: body}
}

func eur(n int64) *moneyv1.Money { return &moneyv1.Money{Amount: n, Currency: "EUR"} }

// One event makes one e-mail, however often it is handled, and an e-mail of the right
// kind to the right address.
func TestListeners(t *testing.T) {
	t.Parallel()
	c, order := newClock(), &ordersevents.Order{
		Id: "ord_1", Email: "ada@example.com", Total: eur(3980),
		Lines: []*ordersevents.Line{{Title: "Cards", Quantity: 2, Price: eur(1990), Total: eur(3980)}},
	}
	code := func(p usersevents.Purpose) events.Event[*usersevents.CodeIssued] {
		return event("e", c, &usersevents.CodeIssued{
			Email: "ada@example.com", Code: "042137", Purpose: p, ExpiresAt: timestamppb.New(c.Now().Add(10 * time.Minute)), Link: "https://shop.example/codes?code=042137",
		})
	}
	type handle = func(*service.Service, context.Context, *database.Tx) error
	for name, tc := range map[string]struct {
		handle              handle
		to, template, shows string
	}{
		"VerifyAddress": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_VERIFY_ADDRESS))
		}, "ada@example.com", "verify_address", "042137"},
		"SignIn": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_SIGN_IN))
		}, "ada@example.com", "sign_in_code", "https://shop.example/codes?code=042137"},
		"Recovery": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_RESET_PASSWORD))
		}, "ada@example.com", "recovery_code", "10 minutes"},
		"ChangeAddress": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_CHANGE_ADDRESS))
		}, "ada@example.com", "change_address_code", "042137"},
		"NoAccount": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.NoAccount(ctx, tx, event("e", c, &usersevents.NoAccount{Email: "x@example.com", Purpose: usersevents.Purpose_PURPOSE_SIGN_IN}))
		}, "x@example.com", "no_account", "a code for signing in"},
		"EmailChanged": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.EmailChanged(ctx, tx, event("e", c, &usersevents.EmailChanged{OldEmail: "old@example.com", Email: "ärger@example.com"}))
		}, "old@example.com", "address_changed", "ä… @ example. com"},
		"CredentialsChanged": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.CredentialsChanged(ctx, tx, event("e", c, &usersevents.CredentialsChanged{
				Email: "ada@example.com", Change: usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED, Name: "Blue key",
			}))
		}, "ada@example.com", "factor_changed", "a passkey was added (Blue key)"},
		"SignedInAnew": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.SignedInAnew(ctx, tx, event("e", c, &usersevents.SignedInAnew{
				Email: "ada@example.com", SignedInAt: timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), Program: "Firefox", System: "Linux",
			}))
		}, "ada@example.com", "new_sign_in", "at 2026-03-01 12:00 UTC with Firefox on Linux."},
		"SignedInAnewUnknown": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.SignedInAnew(ctx, tx, event("e", c, &usersevents.SignedInAnew{Email: "ada@example.com", SignedInAt: timestamppb.New(time.Unix(0, 0))}))
		}, "ada@example.com", "new_sign_in", "with an app or a program that we do not know."},
		"PasswordChanged": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.PasswordChanged(ctx, tx, event("e", c, &usersevents.PasswordChanged{Email: "ada@example.com", FirstName: "Ada"}))
		}, "ada@example.com", "password_changed", "Hello Ada"},
		"Registered": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, event("e", c, &usersevents.Registered{Email: "ada@example.com"}))
		}, "ada@example.com", "welcome", "Hello,"},
		"AlreadyRegistered": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.AlreadyRegistered(ctx, tx, event("e", c, &usersevents.AlreadyRegistered{Email: "ada@example.com"}))
		}, "ada@example.com", "already_registered", "has an account"},
		"MerchantApproved": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.MerchantApproved(ctx, tx, event("e", c, &merchantsevents.MerchantApproved{OwnerEmail: "o@example.com", Name: "Lamps"}))
		}, "o@example.com", "merchant_approved", "Lamps is approved"},
		"Invited": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Invited(ctx, tx, event("e", c, &merchantsevents.Invited{
				Email: "i@example.com", MerchantName: "Lamps", Role: "viewer", Code: "inv_1-a", Link: "https://shop.example/l#inv_1-a", ExpiresAt: timestamppb.New(c.Now().Add(time.Hour)),
			}))
		}, "i@example.com", "merchant_invitation", "https://shop.example/l#inv_1-a\n"},
		"Paid": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Paid(ctx, tx, event("e", c, &ordersevents.Paid{Order: order}))
		}, "ada@example.com", "receipt", "Total: 39.80 EUR"},
		"Cancelled": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, event("e", c, &ordersevents.Cancelled{Order: order, WasPaid: true, Reason: ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT}))
		}, "ada@example.com", "order_cancelled", "sold out"},
		"CancelledForANewReason": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, event("e", c, &ordersevents.Cancelled{Order: order, WasPaid: true, Reason: 99}))
		}, "ada@example.com", "order_cancelled", "could not be served"},
		"Refunded": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Refunded(ctx, tx, event("e", c, &paymentsevents.Refunded{Email: "ada@example.com", OrderId: "ord_1", Amount: eur(500)}))
		}, "ada@example.com", "refund_issued", "5.00 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, db := context.Background(), dbtest.Open(t, migrations.Files)
			s := newService(t, db, c, &transport.Mailbox{DB: db, Now: c.Now})
			for range 2 {
				if err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return tc.handle(s, ctx, tx) }); err != nil {
					t.Fatal(err)
				}
			}
			if n := sendDue(t, s); n != 1 {
				t.Fatalf("%d letters were sent, want 1", n)
			}
			sent, err := s.List(ctx, store.Filter{Limit: 10})
			if err != nil || len(sent) != 1 || sent[0].Template != tc.template || sent[0].Recipient != tc.to {
				t.Fatalf("got %+v, %v", sent, err)
			}
			if mails, err := s.Mailbox(ctx, tc.to, 10); err != nil || len(mails) != 1 || !strings.Contains(mails[0].Text, tc.shows) {
				t.Errorf("got %+v, %v, want it to show %q", mails, err, tc.shows)
			}
		})
	}
}

// Letters are in the language that the event names, wherever it does, else in the
// shop's.
func TestLettersInTheLanguageOfTheEvent(t *testing.T) {
	t.Parallel()
	c, order := newClock(), &ordersevents.Order{Id: "ord_1", Email: "ada@example.com", Total: eur(3980), Locale: "de-AT"}
	type handle = func(*service.Service, context.Context, *database.Tx) error
	for name, tc := range map[string]struct {
		handle handle
		locale string
	}{
		"Registered": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, event("e", c, &usersevents.Registered{Email: "ada@example.com", Locale: "de-AT"}))
		}, "de"},
		"Paid": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Paid(ctx, tx, event("e", c, &ordersevents.Paid{Order: order}))
		}, "de"},
		"Cancelled": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, event("e", c, &ordersevents.Cancelled{Order: order, WasPaid: true}))
		}, "de"},
		"Refunded": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Refunded(ctx, tx, event("e", c, &paymentsevents.Refunded{Email: "ada@example.com", Amount: eur(500), Locale: "de"}))
		}, "de"},
		"UnknownLanguage": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, event("e", c, &usersevents.Registered{Email: "ada@example.com", Locale: "tlh"}))
		}, "en"},
		"NoLanguage": {func(s *service.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, event("e", c, &usersevents.Registered{Email: "ada@example.com"}))
		}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, db := context.Background(), dbtest.Open(t, migrations.Files)
			s := newService(t, db, c, &courier{})
			if err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return tc.handle(s, ctx, tx) }); err != nil {
				t.Fatal(err)
			}
			found, err := s.List(ctx, store.Filter{Limit: 10})
			if err != nil || len(found) != 1 || found[0].Locale != tc.locale {
				t.Errorf("%+v, %v, want it in %s", found, err, tc.locale)
			}
		})
	}
}

// What an event cannot fill stays an event that fails, for the operator to see; it is
// never an e-mail that nobody gets.
func TestListenersFail(t *testing.T) {
	t.Parallel()
	c, db := newClock(), dbtest.Open(t, migrations.Files)
	s := newService(t, db, c, &courier{})
	for name, handle := range map[string]func(context.Context, *database.Tx) error{
		"UnknownPurpose": func(ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, event("e", c, &usersevents.CodeIssued{Email: "ada@example.com", Purpose: 99}))
		},
		"Address": func(ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, event("e", c, &usersevents.Registered{Email: "ada@example.com\r\nBcc: all@example.com"}))
		},
	} {
		if err := db.Write(context.Background(), handle); err == nil {
			t.Errorf("%s: taken for sent", name)
		}
	}
	if found, err := s.List(context.Background(), store.Filter{Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("queued %+v, %v", found, err)
	}
}

// A code is worth nothing when it has expired, and nobody reads it once its e-mail is
// on its way.
func TestCodes(t *testing.T) {
	t.Parallel()
	ctx, c, tr := context.Background(), newClock(), &courier{}
	db := dbtest.Open(t, migrations.Files)
	s := newService(t, db, c, tr)
	issue := func(id, email string) {
		e := event(id, c, &usersevents.CodeIssued{
			Email: email, Code: "042137", Purpose: usersevents.Purpose_PURPOSE_SIGN_IN, ExpiresAt: timestamppb.New(c.Now().Add(10 * time.Minute)),
		})
		if err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return s.CodeIssued(ctx, tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
	issue("e1", "ada@example.com")
	sendDue(t, s)
	tr.send = func(store.Letter) error { return errors.New("451 later") }
	issue("e2", "bob@example.com")
	sendDue(t, s)
	tr.send = nil
	c.Advance(11 * time.Minute)
	sendDue(t, s)
	found, err := s.List(ctx, store.Filter{Limit: 10})
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, l := range found {
		want, failure := store.Sent, store.Failure("")
		if l.Recipient == "bob@example.com" {
			want, failure = store.Failed, store.Expired
		}
		if l.Status != want || l.Failure != failure || l.Subject+l.Text+l.HTML+l.Data != "" {
			t.Errorf("%s: %s %s, still says %q", l.Recipient, l.Status, l.Failure, l.Subject+l.Text)
		}
		if err := s.Retry(ctx, l.ID, true); err == nil {
			t.Errorf("%s: an erased letter is sent again", l.Recipient)
		}
		if l.Recipient == "bob@example.com" && tr.took[l.ID] != 1 {
			t.Errorf("offered %d times, want only before it expired", tr.took[l.ID])
		}
	}
}

package notification_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/notification"
	"app/modules/merchants/merchantsevents"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
)

// One event makes one e-mail, however often it is handled, and an e-mail of the right
// kind to the right address.
func TestListeners(t *testing.T) {
	t.Parallel()
	c, order := emailstest.NewClock(), &ordersevents.Order{
		Id: "ord_1", Email: "ada@example.com", Total: emailstest.EUR(3980),
		Lines: []*ordersevents.Line{{Title: "Cards", Quantity: 2, Price: emailstest.EUR(1990), Total: emailstest.EUR(3980)}},
	}
	code := func(p usersevents.Purpose) events.Event[*usersevents.CodeIssued] {
		return emailstest.Happened(c, "e", &usersevents.CodeIssued{
			Email: "ada@example.com", Code: "042137", Purpose: p, ExpiresAt: timestamppb.New(c.Now().Add(10 * time.Minute)), Link: "https://shop.example/codes?code=042137",
		})
	}
	type handle = func(*notification.Service, context.Context, *database.Tx) error
	for name, tc := range map[string]struct {
		handle              handle
		to, template, shows string
	}{
		"VerifyAddress": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_VERIFY_ADDRESS))
		}, "ada@example.com", "verify_address", "042137"},
		"SignIn": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_SIGN_IN))
		}, "ada@example.com", "sign_in_code", "https://shop.example/codes?code=042137"},
		"Recovery": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_RESET_PASSWORD))
		}, "ada@example.com", "recovery_code", "10 minutes"},
		"ChangeAddress": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, code(usersevents.Purpose_PURPOSE_CHANGE_ADDRESS))
		}, "ada@example.com", "change_address_code", "042137"},
		"NoAccount": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.NoAccount(ctx, tx, emailstest.Happened(c, "e", &usersevents.NoAccount{Email: "x@example.com", Purpose: usersevents.Purpose_PURPOSE_SIGN_IN}))
		}, "x@example.com", "no_account", "a code for signing in"},
		"EmailChanged": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.EmailChanged(ctx, tx, emailstest.Happened(c, "e", &usersevents.EmailChanged{OldEmail: "old@example.com", Email: "ärger@example.com"}))
		}, "old@example.com", "address_changed", "ä… @ example. com"},
		"CredentialsChanged": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.CredentialsChanged(ctx, tx, emailstest.Happened(c, "e", &usersevents.CredentialsChanged{
				Email: "ada@example.com", Change: usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED, Name: "Blue key",
			}))
		}, "ada@example.com", "factor_changed", "a passkey was added (Blue key)"},
		"SignedInAnew": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.SignedInAnew(ctx, tx, emailstest.Happened(c, "e", &usersevents.SignedInAnew{
				Email: "ada@example.com", SignedInAt: timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), Program: "Firefox", System: "Linux",
			}))
		}, "ada@example.com", "new_sign_in", "at 2026-03-01 12:00 UTC with Firefox on Linux."},
		"SignedInAnewUnknown": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.SignedInAnew(ctx, tx, emailstest.Happened(c, "e", &usersevents.SignedInAnew{Email: "ada@example.com", SignedInAt: timestamppb.New(time.Unix(0, 0))}))
		}, "ada@example.com", "new_sign_in", "with an app or a program that we do not know."},
		"PasswordChanged": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.PasswordChanged(ctx, tx, emailstest.Happened(c, "e", &usersevents.PasswordChanged{Email: "ada@example.com", FirstName: "Ada"}))
		}, "ada@example.com", "password_changed", "Hello Ada"},
		"Registered": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, emailstest.Happened(c, "e", &usersevents.Registered{Email: "ada@example.com"}))
		}, "ada@example.com", "welcome", "Hello,"},
		"AlreadyRegistered": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.AlreadyRegistered(ctx, tx, emailstest.Happened(c, "e", &usersevents.AlreadyRegistered{Email: "ada@example.com"}))
		}, "ada@example.com", "already_registered", "has an account"},
		"MerchantApproved": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.MerchantApproved(ctx, tx, emailstest.Happened(c, "e", &merchantsevents.MerchantApproved{OwnerEmail: "o@example.com", Name: "Lamps"}))
		}, "o@example.com", "merchant_approved", "Lamps is approved"},
		"Invited": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Invited(ctx, tx, emailstest.Happened(c, "e", &merchantsevents.Invited{
				Email: "i@example.com", MerchantName: "Lamps", Role: "viewer", Code: "inv_1-a", Link: "https://shop.example/l#inv_1-a", ExpiresAt: timestamppb.New(c.Now().Add(time.Hour)),
			}))
		}, "i@example.com", "merchant_invitation", "https://shop.example/l#inv_1-a\n"},
		"Paid": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Paid(ctx, tx, emailstest.Happened(c, "e", &ordersevents.Paid{Order: order}))
		}, "ada@example.com", "receipt", "Total: 39.80 EUR"},
		"Cancelled": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, emailstest.Happened(c, "e", &ordersevents.Cancelled{Order: order, WasPaid: true, Reason: ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT}))
		}, "ada@example.com", "order_cancelled", "sold out"},
		"CancelledForANewReason": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, emailstest.Happened(c, "e", &ordersevents.Cancelled{Order: order, WasPaid: true, Reason: 99}))
		}, "ada@example.com", "order_cancelled", "could not be served"},
		"Refunded": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Refunded(ctx, tx, emailstest.Happened(c, "e", &paymentsevents.Refunded{Email: "ada@example.com", OrderId: "ord_1", Amount: emailstest.EUR(500)}))
		}, "ada@example.com", "refund_issued", "5.00 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := emailstest.New(t)
			o.Emails.Transport = o.Mailbox
			for range 2 {
				o.Deliver(func(ctx context.Context, tx *database.Tx) error { return tc.handle(o.Notifications, ctx, tx) })
			}
			if n := o.SendDue(); n != 1 {
				t.Fatalf("%d e-mails were sent, want 1", n)
			}
			sent := o.All()
			if len(sent) != 1 || sent[0].Template != tc.template || sent[0].Recipient != tc.to {
				t.Fatalf("got %+v", sent)
			}
			if mails, err := o.Mailbox.List(context.Background(), tc.to, 10); err != nil || len(mails) != 1 || !strings.Contains(mails[0].Text, tc.shows) {
				t.Errorf("got %+v, %v, want it to show %q", mails, err, tc.shows)
			}
		})
	}
}

// E-mails are in the language that the event names, wherever it does, else in the
// shop's.
func TestLettersInTheLanguageOfTheEvent(t *testing.T) {
	t.Parallel()
	c, order := emailstest.NewClock(), &ordersevents.Order{Id: "ord_1", Email: "ada@example.com", Total: emailstest.EUR(3980), Locale: "de-AT"}
	type handle = func(*notification.Service, context.Context, *database.Tx) error
	for name, tc := range map[string]struct {
		handle handle
		locale string
	}{
		"Registered": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, emailstest.Happened(c, "e", &usersevents.Registered{Email: "ada@example.com", Locale: "de-AT"}))
		}, "de"},
		"Paid": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Paid(ctx, tx, emailstest.Happened(c, "e", &ordersevents.Paid{Order: order}))
		}, "de"},
		"Cancelled": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, emailstest.Happened(c, "e", &ordersevents.Cancelled{Order: order, WasPaid: true}))
		}, "de"},
		"Refunded": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Refunded(ctx, tx, emailstest.Happened(c, "e", &paymentsevents.Refunded{Email: "ada@example.com", Amount: emailstest.EUR(500), Locale: "de"}))
		}, "de"},
		"UnknownLanguage": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, emailstest.Happened(c, "e", &usersevents.Registered{Email: "ada@example.com", Locale: "tlh"}))
		}, "en"},
		"NoLanguage": {func(s *notification.Service, ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, emailstest.Happened(c, "e", &usersevents.Registered{Email: "ada@example.com"}))
		}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := emailstest.New(t)
			o.Deliver(func(ctx context.Context, tx *database.Tx) error { return tc.handle(o.Notifications, ctx, tx) })
			if found := o.All(); len(found) != 1 || found[0].Locale != tc.locale {
				t.Errorf("%+v, want it in %s", found, tc.locale)
			}
		})
	}
}

// What an event cannot fill stays an event that fails, for the operator to see; it is
// never an e-mail that nobody gets.
func TestListenersFail(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	s, c := o.Notifications, o.Clock
	for name, handle := range map[string]func(context.Context, *database.Tx) error{
		"UnknownPurpose": func(ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, emailstest.Happened(c, "e", &usersevents.CodeIssued{Email: "ada@example.com", Purpose: 99}))
		},
		"Address": func(ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, emailstest.Happened(c, "e", &usersevents.Registered{Email: "ada@example.com\r\nBcc: all@example.com"}))
		},
	} {
		if err := o.DB.Write(context.Background(), handle); err == nil {
			t.Errorf("%s: taken for sent", name)
		}
	}
	if found := o.All(); len(found) != 0 {
		t.Errorf("queued %+v", found)
	}
}

// A code is worth nothing when it has expired, and nobody reads it once its e-mail is
// on its way.
func TestCodes(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	issue := func(id, address string) {
		e := emailstest.Happened(o.Clock, id, &usersevents.CodeIssued{
			Email: address, Code: "042137", Purpose: usersevents.Purpose_PURPOSE_SIGN_IN, ExpiresAt: timestamppb.New(o.Clock.Now().Add(10 * time.Minute)),
		})
		o.Deliver(func(ctx context.Context, tx *database.Tx) error { return o.Notifications.CodeIssued(ctx, tx, e) })
	}
	issue("e1", "ada@example.com")
	o.SendDue()
	o.Courier.Answer = func(email.Email) error { return errors.New("451 later") }
	issue("e2", "bob@example.com")
	o.SendDue()
	o.Courier.Answer = nil
	o.Clock.Advance(11 * time.Minute)
	o.SendDue()
	found := o.All()
	if len(found) != 2 {
		t.Fatalf("%+v", found)
	}
	for _, l := range found {
		want, failure := email.Sent, email.Failure("")
		if l.Recipient == "bob@example.com" {
			want, failure = email.Failed, email.Expired
		}
		if l.Status != want || l.Failure != failure || l.Subject+l.Text+l.HTML+l.Data != "" {
			t.Errorf("%s: %s %s, still says %q", l.Recipient, l.Status, l.Failure, l.Subject+l.Text)
		}
		if err := o.Emails.Retry(context.Background(), l.ID, true); err == nil {
			t.Errorf("%s: an erased e-mail is sent again", l.Recipient)
		}
		if l.Recipient == "bob@example.com" && o.Courier.Offered(l.ID) != 1 {
			t.Errorf("offered %d times, want only before it expired", o.Courier.Offered(l.ID))
		}
	}
}

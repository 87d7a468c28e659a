package notification_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/message"
	"app/modules/emails/internal/notification"
	"app/modules/merchants/merchantsevents"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/text"
)

// What users, merchants, catalog and orders accept, emails accepts: any address of
// emailaddr.Parse and any text of text.Line at its longest makes an e-mail of every
// listener, which can be written as mail.
func TestFault20_WhatIsAcceptedIsSent(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), emailstest.New(t)
	sender, err := message.ParseSender("Souk <no-reply@example.com>", "", "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		o.Clock.Advance(time.Second) // e-mails are listed by time
		address, title, locale := anAddress(r), aLine(r, 200), rapid.StringN(0, 35, 35).Draw(r, "locale")
		listened := 0
		for _, handle := range listenersFor(o.Notifications, o.Clock, fmt.Sprint("evt_", n), address, title, locale) {
			if err := o.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return handle(ctx, tx) }); err != nil {
				r.Fatalf("%q, %q: %v", address, title, err)
			}
			listened++
		}
		found, err := o.Emails.List(ctx, email.Filter{Limit: listened})
		if err != nil || len(found) != listened {
			r.Fatalf("%d e-mails, want %d; %v", len(found), listened, err)
		}
		for _, l := range found {
			if _, err := sender.Compose(l, o.Clock.Now()); err != nil || l.EventID != fmt.Sprint("evt_", n) || emailaddr.Key(l.Recipient) != emailaddr.Key(address) {
				r.Fatalf("%q, %q: the e-mail %s to %q of %s: %v", address, title, l.Template, l.Recipient, l.EventID, err)
			}
		}
	})
}

// anAddress draws what Parse takes, from what looks like one.
func anAddress(r *rapid.T) string {
	local := rapid.StringMatching(`[A-Za-z0-9!#$%&'*+/=?^_{|}~-]{1,20}(\.[A-Za-z0-9'+_-]{1,20}){0,2}`)
	domain := rapid.OneOf(rapid.StringMatching(`([a-z0-9]{1,20}\.){1,3}[a-z]{2,10}`), rapid.SampledFrom([]string{"bücher.example", "例え。テスト", "BÜCHER.example", "faß.de", "مثال.إختبار"}))
	return rapid.Custom(func(r *rapid.T) string { return local.Draw(r, "local") + "@" + domain.Draw(r, "domain") }).
		Filter(func(s string) bool { _, err := emailaddr.Parse(s); return err == nil }).Draw(r, "address")
}

// aLine draws what Line takes, from everything.
func aLine(r *rapid.T, most int) string {
	return rapid.Custom(func(r *rapid.T) string {
		s, err := text.Line(text.Shown(rapid.StringN(1, most, -1).Draw(r, "text"), false), 1, most)
		if err != nil {
			return "x"
		}
		return s
	}).Draw(r, "line")
}

type listener = func(context.Context, *database.Tx) error

// listenersFor is every listener with an event of the given values.
func listenersFor(s *notification.Service, c *emailstest.Clock, id, to, title, locale string) []listener {
	o := &ordersevents.Order{Id: "ord_1", Email: to, Locale: locale, Total: emailstest.EUR(1), Lines: []*ordersevents.Line{{Title: title, Quantity: 1, Price: emailstest.EUR(1), Total: emailstest.EUR(1)}}}
	return []listener{
		func(ctx context.Context, tx *database.Tx) error {
			return s.Registered(ctx, tx, emailstest.Happened(c, id, &usersevents.Registered{Email: to, FirstName: title, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, emailstest.Happened(c, id, &usersevents.CodeIssued{Email: to, FirstName: title, Code: "042137", Locale: locale,
				Purpose: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS, ExpiresAt: timestamppb.New(c.Now())}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.AlreadyRegistered(ctx, tx, emailstest.Happened(c, id, &usersevents.AlreadyRegistered{Email: to, FirstName: title, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.PasswordChanged(ctx, tx, emailstest.Happened(c, id, &usersevents.PasswordChanged{Email: to, FirstName: title, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.NoAccount(ctx, tx, emailstest.Happened(c, id, &usersevents.NoAccount{Email: to, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.EmailChanged(ctx, tx, emailstest.Happened(c, id, &usersevents.EmailChanged{OldEmail: to, Email: to, FirstName: title, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.CredentialsChanged(ctx, tx, emailstest.Happened(c, id, &usersevents.CredentialsChanged{Email: to, FirstName: title, Name: title, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.SignedInAnew(ctx, tx, emailstest.Happened(c, id, &usersevents.SignedInAnew{Email: to, FirstName: title, Program: title, System: title, Locale: locale}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.MerchantApproved(ctx, tx, emailstest.Happened(c, id, &merchantsevents.MerchantApproved{OwnerEmail: to, OwnerFirstName: title, Name: title}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.Paid(ctx, tx, emailstest.Happened(c, id, &ordersevents.Paid{Order: o}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.Cancelled(ctx, tx, emailstest.Happened(c, id, &ordersevents.Cancelled{Order: o, WasPaid: true}))
		},
		func(ctx context.Context, tx *database.Tx) error {
			return s.Refunded(ctx, tx, emailstest.Happened(c, id, &paymentsevents.Refunded{Email: to, OrderId: "ord_1", Amount: emailstest.EUR(1), Locale: locale}))
		},
	}
}

// An order that was taken for such an address before is no event that fails for ever.
func TestFault20_AddressesOfBeforeLeaveNoDeadEvents(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		for _, to := range []string{"ada@localhost", "ada@[127.0.0.1]", "jürgen@example.com"} {
			for _, handle := range listenersFor(o.Notifications, o.Clock, "evt_1", to, "Ada", "") {
				if err := o.DB.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return handle(ctx, tx) }); err != nil {
					t.Errorf("%q: %v", to, err)
				}
			}
		}
		if found, err := o.Emails.List(t.Context(), email.Filter{Limit: 1}); err != nil || len(found) > 0 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

package notification

import (
	"cmp"
	"context"
	"time"

	"app/modules/emails/internal/email"
	"app/modules/merchants/merchantsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/events"
)

// Subscriptions lists what e-mails are written about, for the service that will lie at
// s when the module is open.
func Subscriptions(s **Service) []events.Subscription {
	return []events.Subscription{
		events.Subscribe("emails.welcome", events.On(s, (*Service).Registered)),
		events.Subscribe("emails.code", events.On(s, (*Service).CodeIssued)),
		events.Subscribe("emails.already_registered", events.On(s, (*Service).AlreadyRegistered)),
		events.Subscribe("emails.password_changed", events.On(s, (*Service).PasswordChanged)),
		events.Subscribe("emails.no_account", events.On(s, (*Service).NoAccount)),
		events.Subscribe("emails.address_changed", events.On(s, (*Service).EmailChanged)),
		events.Subscribe("emails.factor_changed", events.On(s, (*Service).CredentialsChanged)),
		events.Subscribe("emails.new_sign_in", events.On(s, (*Service).SignedInAnew)),
		events.Subscribe("emails.merchant_approved", events.On(s, (*Service).MerchantApproved)),
		events.Subscribe("emails.merchant_invitation", events.On(s, (*Service).Invited)),
		events.Subscribe("emails.receipt", events.On(s, (*Service).Paid)),
		events.Subscribe("emails.order_cancelled", events.On(s, (*Service).Cancelled)),
		events.Subscribe("emails.refund_issued", events.On(s, (*Service).Refunded)),
	}
}

// Registered queues the e-mail that welcomes a new account.
func (s *Service) Registered(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.Registered]) error {
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "welcome", Recipient: e.Body.GetEmail(), Data: greetingData(e.Body.GetFirstName()),
	})
}

// CodeIssued queues the e-mail that carries a one-time code. A code of an unknown
// purpose comes from a newer users module and waits as a failing event until this one
// is upgraded too.
func (s *Service) CodeIssued(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.CodeIssued]) error {
	expires := e.Body.GetExpiresAt().AsTime()
	good := expires.Sub(e.OccurredAt).Round(time.Minute)
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: codeTemplates[e.Body.GetPurpose()], Recipient: e.Body.GetEmail(), ExpiresAt: expires, Data: map[string]any{
			"first_name": e.Body.GetFirstName(), "code": e.Body.GetCode(), "minutes": int(good.Minutes()), "link": e.Body.GetLink(),
		},
	})
}

// AlreadyRegistered queues the e-mail to somebody who has an account already.
func (s *Service) AlreadyRegistered(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.AlreadyRegistered]) error {
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "already_registered", Recipient: e.Body.GetEmail(), Data: greetingData(e.Body.GetFirstName()),
	})
}

// PasswordChanged queues the notice to the account's owner.
func (s *Service) PasswordChanged(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.PasswordChanged]) error {
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "password_changed", Recipient: e.Body.GetEmail(), Data: greetingData(e.Body.GetFirstName()),
	})
}

// NoAccount queues the e-mail to somebody who asked for a code with an address that has
// no account.
func (s *Service) NoAccount(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.NoAccount]) error {
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "no_account", Recipient: e.Body.GetEmail(), Data: map[string]any{
			"purpose": cmp.Or(purposes[e.Body.GetPurpose()], "other"),
		},
	})
}

// EmailChanged queues the notice to the address that an account had. It shows of the
// new one as much as its owner needs to recognise it: whoever reads the old mailbox may
// be somebody else by now.
func (s *Service) EmailChanged(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.EmailChanged]) error {
	data := greetingData(e.Body.GetFirstName())
	data["new_address"] = maskAddress(e.Body.GetEmail())
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "address_changed", Recipient: e.Body.GetOldEmail(), Data: data,
	})
}

// CredentialsChanged queues the notice that a way of signing in came, went or was used
// up.
func (s *Service) CredentialsChanged(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.CredentialsChanged]) error {
	data := greetingData(e.Body.GetFirstName())
	data["change"], data["name"] = cmp.Or(credentialsChanges[e.Body.GetChange()], "other"), e.Body.GetName()
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "factor_changed", Recipient: e.Body.GetEmail(), Data: data,
	})
}

// SignedInAnew queues the notice that somebody signed in with a program, or from
// somewhere, that is strange to the account.
func (s *Service) SignedInAnew(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.SignedInAnew]) error {
	data := greetingData(e.Body.GetFirstName())
	data["time"] = e.Body.GetSignedInAt().AsTime().Format("2006-01-02 15:04 MST")
	data["program"], data["system"] = cmp.Or(e.Body.GetProgram(), "unknown"), e.Body.GetSystem()
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "new_sign_in", Recipient: e.Body.GetEmail(), Data: data,
	})
}

// MerchantApproved queues the e-mail to the merchant's owner.
func (s *Service) MerchantApproved(ctx context.Context, tx *database.Tx, e events.Event[*merchantsevents.MerchantApproved]) error {
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "merchant_approved", Recipient: e.Body.GetOwnerEmail(), Data: map[string]any{
			"first_name": e.Body.GetOwnerFirstName(), "merchant": e.Body.GetName(),
		},
	})
}

// Invited queues the e-mail that asks somebody to act for a merchant. Whoever has the
// code in it becomes a member.
func (s *Service) Invited(ctx context.Context, tx *database.Tx, e events.Event[*merchantsevents.Invited]) error {
	until := e.Body.GetExpiresAt().AsTime()
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "merchant_invitation", Recipient: e.Body.GetEmail(), ExpiresAt: until, Data: map[string]any{
			"merchant": e.Body.GetMerchantName(), "role": e.Body.GetRole(), "code": e.Body.GetCode(), "link": e.Body.GetLink(),
			"until": until.Format("2006-01-02 15:04 MST"),
		},
	})
}

package service

import (
	"cmp"
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"app/modules/emails/internal/store"
	"app/modules/merchants/merchantsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/events"
)

// Registered queues the e-mail that welcomes a new account.
func (s *Service) Registered(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.Registered]) error {
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "welcome", recipient: e.Body.GetEmail(), data: greetingData(e.Body.GetFirstName())})
}

// codeTemplates are the e-mails that carry a code, by what the code is for.
var codeTemplates = map[usersevents.Purpose]string{
	usersevents.Purpose_PURPOSE_VERIFY_ADDRESS: "verify_address",
	usersevents.Purpose_PURPOSE_SIGN_IN:        "sign_in_code",
	usersevents.Purpose_PURPOSE_RESET_PASSWORD: "recovery_code",
	usersevents.Purpose_PURPOSE_CHANGE_ADDRESS: "change_address_code",
}

// CodeIssued queues the e-mail that carries a one-time code. A code of an unknown
// purpose comes from a newer users module and waits as a failing event until this one
// is upgraded too.
func (s *Service) CodeIssued(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.CodeIssued]) error {
	expires := e.Body.GetExpiresAt().AsTime()
	good := expires.Sub(e.OccurredAt).Round(time.Minute)
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{
		template: codeTemplates[e.Body.GetPurpose()], recipient: e.Body.GetEmail(), expires: expires, data: map[string]any{
			"first_name": e.Body.GetFirstName(), "code": e.Body.GetCode(), "minutes": int(good.Minutes()), "link": e.Body.GetLink(),
		},
	})
}

// AlreadyRegistered queues the e-mail to somebody who has an account already.
func (s *Service) AlreadyRegistered(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.AlreadyRegistered]) error {
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "already_registered", recipient: e.Body.GetEmail(), data: greetingData(e.Body.GetFirstName())})
}

// PasswordChanged queues the notice to the account's owner.
func (s *Service) PasswordChanged(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.PasswordChanged]) error {
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "password_changed", recipient: e.Body.GetEmail(), data: greetingData(e.Body.GetFirstName())})
}

// purposeNames are the purposes of codes as the phrases of the e-mails know them.
var purposeNames = map[usersevents.Purpose]string{
	usersevents.Purpose_PURPOSE_VERIFY_ADDRESS: "verify_address",
	usersevents.Purpose_PURPOSE_SIGN_IN:        "sign_in",
	usersevents.Purpose_PURPOSE_RESET_PASSWORD: "reset_password",
}

// NoAccount queues the e-mail to somebody who asked for a code with an address that has
// no account.
func (s *Service) NoAccount(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.NoAccount]) error {
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "no_account", recipient: e.Body.GetEmail(), data: map[string]any{
		"purpose": cmp.Or(purposeNames[e.Body.GetPurpose()], "other"),
	}})
}

// EmailChanged queues the notice to the address that an account had. It shows of the
// new one as much as its owner needs to recognise it: whoever reads the old mailbox may
// be somebody else by now.
func (s *Service) EmailChanged(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.EmailChanged]) error {
	data := greetingData(e.Body.GetFirstName())
	data["new_address"] = maskAddress(e.Body.GetEmail())
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "address_changed", recipient: e.Body.GetOldEmail(), data: data})
}

// changes are the changes as the phrases of the e-mails know them.
var changes = map[usersevents.CredentialsChange]string{
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_ADDED:          "totp_added",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_REMOVED:        "totp_removed",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED:       "passkey_added",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED:     "passkey_removed",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODES_MADE: "recovery_codes_made",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODE_USED:  "recovery_code_used",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED:     "identity_linked",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_UNLINKED:   "identity_unlinked",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE:          "admin_made",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED:       "admin_removed",
}

// CredentialsChanged queues the notice that a way of signing in came, went or was used
// up.
func (s *Service) CredentialsChanged(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.CredentialsChanged]) error {
	data := greetingData(e.Body.GetFirstName())
	data["change"], data["name"] = cmp.Or(changes[e.Body.GetChange()], "other"), e.Body.GetName()
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "factor_changed", recipient: e.Body.GetEmail(), data: data})
}

// SignedInAnew queues the notice that somebody signed in with a program, or from
// somewhere, that is strange to the account.
func (s *Service) SignedInAnew(ctx context.Context, tx *database.Tx, e events.Event[*usersevents.SignedInAnew]) error {
	data := greetingData(e.Body.GetFirstName())
	data["time"] = e.Body.GetSignedInAt().AsTime().Format("2006-01-02 15:04 MST")
	data["program"], data["system"] = cmp.Or(e.Body.GetProgram(), "unknown"), e.Body.GetSystem()
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "new_sign_in", recipient: e.Body.GetEmail(), data: data})
}

// MerchantApproved queues the e-mail to the merchant's owner.
func (s *Service) MerchantApproved(ctx context.Context, tx *database.Tx, e events.Event[*merchantsevents.MerchantApproved]) error {
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "merchant_approved", recipient: e.Body.GetOwnerEmail(), data: map[string]any{
		"first_name": e.Body.GetOwnerFirstName(), "merchant": e.Body.GetName(),
	}})
}

// Invited queues the e-mail that asks somebody to act for a merchant. Whoever has the
// code in it becomes a member.
func (s *Service) Invited(ctx context.Context, tx *database.Tx, e events.Event[*merchantsevents.Invited]) error {
	until := e.Body.GetExpiresAt().AsTime()
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "merchant_invitation", recipient: e.Body.GetEmail(), expires: until, data: map[string]any{
		"merchant": e.Body.GetMerchantName(), "role": e.Body.GetRole(), "code": e.Body.GetCode(), "link": e.Body.GetLink(),
		"until": until.Format("2006-01-02 15:04 MST"),
	}})
}

// queueEmailForEvent queues what is ordered on account of an event, in the language of
// whom the event is about. When the recipient has had enough it is withheld, and the
// event is handled. Modules emit what emailaddr takes, so an address that it refuses
// was kept by a release that took more: no e-mail reaches it, and to refuse the event
// would leave one behind that nobody can mend. It is logged, without the address, and
// over. What no release took is a mistake, and the event fails for the operator to see.
func (s *Service) queueEmailForEvent(ctx context.Context, tx *database.Tx, e events.Envelope, body proto.Message, o order) error {
	o.eventID = e.ID
	if o.locale == "" {
		o.locale = localeOf(body)
	}
	if err := s.rememberAccountAddress(ctx, tx, e, body); err != nil {
		return err
	}
	_, err := s.queueEmail(ctx, tx, o)
	var spent *spentError
	switch {
	case errors.Is(err, emailaddr.ErrAddress) && takenOnce(o.recipient):
		s.Logger.WarnContext(ctx, "no letter can reach the address of an event", "event", e.ID, "template", o.template)
		return nil
	case errors.As(err, &spent):
		return s.withholdEmail(ctx, tx, o, overBudget)
	}
	return err
}

// rememberAccountAddress notes the address of the account that an event is about.
// Whoever has an account has shown that the address is theirs.
func (s *Service) rememberAccountAddress(ctx context.Context, tx *database.Tx, e events.Envelope, body proto.Message) error {
	account, ok := body.(interface {
		GetUserId() string
		GetEmail() string
	})
	if !ok || account.GetUserId() == "" {
		return nil
	}
	address, err := emailaddr.Parse(account.GetEmail())
	if err != nil {
		return nil //nolint:nilerr // no letter goes there, so nothing has to be known of it
	}
	return store.TellAccount(ctx, tx, account.GetUserId(), address.Key(), e.OccurredAt)
}

// localeOf is the language of whom an event is about, empty where the event does not
// say.
func localeOf(body proto.Message) string {
	if b, ok := body.(interface{ GetLocale() string }); ok {
		return b.GetLocale()
	}
	return ""
}

func greetingData(firstName string) map[string]any { return map[string]any{"first_name": firstName} }

// maskAddress shows the first letter of an address and its domain.
func maskAddress(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	_, size := utf8.DecodeRuneInString(local)
	return local[:size] + "…@" + domain
}

// takenOnce reports whether an earlier release took the address: checkout asked only
// for one bare addr-spec.
func takenOnce(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

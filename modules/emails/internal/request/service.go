package request

import (
	"context"
	"fmt"
	"slices"
	"time"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/template"
	"app/platform/database"
	"app/platform/fault"
)

// Options put a service together.
type Options struct {
	DB        *database.DB
	Emails    *email.Service
	Merchants Merchants
	Now       func() time.Time
	// PublicURL is where the shop is: links lead nowhere else.
	PublicURL string
	// MerchantTemplates are those merchants may send, within Limits.
	MerchantTemplates []string
	Limits            budget.Limits
}

// Service writes e-mails by request. It is safe for concurrent use.
type Service struct{ Options }

// NewService makes a service. The error names a template that merchants cannot send.
func NewService(o Options) (*Service, error) {
	for _, name := range o.MerchantTemplates {
		if t, ok := o.Emails.Templates.ByName(name); !ok || !t.Merchants {
			return nil, fmt.Errorf("merchants cannot be let send %q", name)
		}
	}
	return &Service{o}, nil
}

// Write queues an e-mail by name. Repeated with the same id it answers the e-mail that
// is there.
//
//  1. An administrator writes any e-mail to anybody. What follows is for merchants.
//  2. Only an approved merchant writes, and under its own name: whoever reads the
//     e-mail trusts the shop that it is from.
//  3. It writes to the buyer of an order of its own that was paid, at the address of
//     that order. Of other orders it does not learn whether they are there.
//  4. It writes so many e-mails an hour, so does its owner with all merchants together,
//     and so does a network. A recipient gets so many a day from all merchants.
//
// Errors: InvalidArgument naming /template, /to, /order_id or each missing or unfit
// /data/<variable>; merchantsv1.MerchantNotApproved; reason.MerchantRate and
// reason.RecipientRate with the time to wait.
func (s *Service) Write(ctx context.Context, r Request) (email.Email, error) {
	t, ok := s.Emails.Templates.ByName(r.Template)
	if !ok || !s.mayUse(r.MerchantID, t) {
		return email.Email{}, fault.Invalid(fault.Field{Pointer: "/template", Detail: "there is no such template"})
	}
	if r.MerchantID != "" {
		return s.writeForMerchant(ctx, t, r)
	}
	if wrong := r.wrongForAdministrator(t, s.PublicURL); len(wrong) > 0 {
		return email.Email{}, fault.Invalid(wrong...)
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (email.Email, error) {
		return s.Emails.Queue(ctx, tx, r.draftFor(t, r.To, s.Now()))
	})
}

// Templates lists what a merchant may send; an administrator, who is none, may send
// all.
func (s *Service) Templates(merchantID string) []template.Template {
	return slices.DeleteFunc(s.Emails.Templates.All(), func(t template.Template) bool { return !s.mayUse(merchantID, t) })
}

func (s *Service) mayUse(merchantID string, t template.Template) bool {
	return merchantID == "" || slices.Contains(s.MerchantTemplates, t.Name)
}

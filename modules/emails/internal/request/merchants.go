package request

import (
	"cmp"
	"context"
	"errors"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/contact"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/template"
	"app/modules/merchants/merchantsv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
)

// Merchants is what requests ask of merchants; errors are those of its contract.
type Merchants interface {
	// Profile says what a merchant is called and whether it may sell. Its CallError has
	// NotFound when there is none.
	Profile(ctx context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error)
}

// writeForMerchant is Write for whoever is no administrator.
func (s *Service) writeForMerchant(ctx context.Context, t template.Template, r Request) (email.Email, error) {
	wrong := r.wrongForMerchant()
	r.complete(r.MerchantID) // stands for the name until that is known
	if wrong = append(wrong, r.wrongData(t, s.PublicURL)...); len(wrong) > 0 {
		return email.Email{}, fault.Invalid(wrong...)
	}
	merchant, err := s.approvedMerchant(ctx, r.MerchantID)
	if err != nil {
		return email.Email{}, err
	}
	r.complete(merchant.GetName())
	budgets := s.Limits.OfWriter(r.MerchantID, merchant.GetOwnerId(), callctx.ClientOf(ctx).Network)
	e, err := database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (email.Email, error) {
		to, err := contact.CustomerOf(ctx, tx, r.OrderID, r.MerchantID)
		if errors.Is(err, database.ErrNotFound) {
			return email.Email{}, fault.Invalid(fault.Field{Pointer: "/order_id", Detail: "is not an order of yours that was paid lately"})
		}
		if err != nil {
			return email.Email{}, err
		}
		d := r.draftFor(t, to.Recipient, s.Now())
		d.Locale, d.Budgets = cmp.Or(r.Locale, to.Locale), budgets
		return s.Emails.Queue(ctx, tx, d)
	})
	var spent *budget.SpentError
	if errors.As(err, &spent) {
		return email.Email{}, budgetExceededError(spent)
	}
	return e, err
}

// approvedMerchant finds the merchant that an e-mail is from. Errors:
// merchantsv1.MerchantNotApproved; those of the call.
func (s *Service) approvedMerchant(ctx context.Context, merchantID string) (*merchantsv1.ProfileResponse, error) {
	merchant, err := s.Merchants.Profile(ctx, &merchantsv1.ProfileRequest{MerchantId: merchantID})
	if fault.CodeOf(err) == fault.NotFound || err == nil && !merchant.GetApproved() {
		return nil, merchantsv1.MerchantNotApproved.New().Because(err)
	}
	return merchant, err //nolint:wrapcheck // the boundary translates it
}

// budgetExceededError is what a merchant is told whose e-mail a budget has no room for.
func budgetExceededError(spent *budget.SpentError) error {
	b := spent.Budget
	refusal := reason.MerchantRate.Newf("This %s has sent %d e-mails in an hour: the next ones go out one by one.", b.Kind, b.Most)
	if b.Kind == budget.Recipient {
		refusal = reason.RecipientRate.Newf("The %s gets no more than %d e-mails a day, and fewer from merchants.", b.Kind, b.Most)
	}
	refusal.RetryAfter = spent.Wait
	return refusal
}

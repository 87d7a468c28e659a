package service

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/template"
	"app/modules/merchants/merchantsv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
)

// Merchants is what emails asks of merchants; errors are those of its contract.
type Merchants interface {
	// Profile tells what a merchant is called and whether it may sell. Its CallError
	// has NotFound when there is none.
	Profile(ctx context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error)
}

// Given are the variables that a merchant does not choose: who writes, and about which
// order.
var Given = []string{"merchant", "order_id"}

// writeForMerchant is Write for whoever is no administrator.
func (s *Service) writeForMerchant(ctx context.Context, t template.Template, r Request) (l store.Letter, err error) {
	name := r.MerchantID // stands for the name until that is known
	if wrong := s.unfitForMerchant(t, &r, name); len(wrong) > 0 {
		return store.Letter{}, fault.Invalid(wrong...)
	}
	merchant, err := s.approvedMerchant(ctx, r.MerchantID)
	if err != nil {
		return store.Letter{}, err
	}
	r.Data["merchant"] = merchant.GetName()
	network := callctx.ClientOf(ctx).Network
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		to, err := store.CustomerOf(ctx, tx, r.OrderID, r.MerchantID)
		if errors.Is(err, store.ErrNotFound) {
			return fault.Invalid(fault.Field{Pointer: "/order_id", Detail: "is not an order of yours that was paid lately"})
		}
		if err != nil {
			return err
		}
		o := s.emailOrderFrom(t, r, to.Recipient)
		o.locale, o.spends = cmp.Or(r.Locale, to.Locale), s.merchantBudgets(r.MerchantID, merchant.GetOwnerId(), network)
		l, err = s.queueEmail(ctx, tx, o)
		return err
	})
	var spent *spentError
	if errors.As(err, &spent) {
		return store.Letter{}, budgetExceededError(spent)
	}
	return l, err
}

// unfitForMerchant lists what is wrong with a merchant's request, and completes its
// data with what a merchant does not choose.
func (s *Service) unfitForMerchant(t template.Template, r *Request, name string) (wrong []fault.Field) {
	if r.To != "" {
		wrong = append(wrong, fault.Field{Pointer: "/to", Detail: "a merchant's letter goes to the address of its order; leave it out"})
	}
	if r.OrderID == "" {
		wrong = append(wrong, fault.Field{Pointer: "/order_id", Detail: "expected the order that the letter is about"})
	}
	for _, v := range Given {
		if _, ok := r.Data[v]; ok {
			wrong = append(wrong, fault.Field{Pointer: "/data/" + v, Detail: "is the merchant's own; leave it out"})
		}
	}
	if r.Data = maps.Clone(r.Data); r.Data == nil {
		r.Data = map[string]any{}
	}
	r.Data["merchant"], r.Data["order_id"] = name, r.OrderID
	return append(wrong, s.invalidDataFields(t, r.Data)...)
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

// merchantBudgets are those of whoever writes, the widest first.
func (s *Service) merchantBudgets(merchantID, ownerID, network string) []budget {
	all := []budget{
		{"network", network, s.Limits.Network, time.Hour, s.Limits.Network},
		{"owner", ownerID, s.Limits.Owner, time.Hour, s.Limits.Owner},
		{"merchant", merchantID, s.Limits.Merchant, time.Hour, s.Limits.Merchant},
	}
	return slices.DeleteFunc(all, func(b budget) bool { return b.key == "" }) // a network is not always known
}

// budgetExceededError is what a merchant is told whose e-mail a budget has no room for.
func budgetExceededError(spent *spentError) error {
	b := spent.budget
	refusal := reason.MerchantRate.Newf("This %s has sent %d letters in an hour: the next ones go out one by one.", b.kind, b.most)
	if b.kind == "recipient" {
		refusal = reason.RecipientRate.Newf("The %s gets no more than %d letters a day, and fewer from merchants.", b.kind, b.most)
	}
	refusal.RetryAfter = spent.wait
	return refusal
}

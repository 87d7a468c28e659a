package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"app/modules/emails/internal/store"
	"app/modules/emails/internal/template"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Request is an e-mail that somebody asks for by name.
type Request struct {
	ID         string // of the letter to be
	MerchantID string // who asks, empty for an administrator
	Template   string
	To         string // an administrator's choice; a merchant names an order instead
	OrderID    string // whose buyer the merchant writes to
	Locale     string // wanted, as a tag or an Accept-Language; empty for the recipient's, where it is known
	Data       map[string]any
}

// codeLife is how long the e-mail with a merchant's own code is worth sending.
const codeLife = 15 * time.Minute

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
func (s *Service) Write(ctx context.Context, r Request) (store.Letter, error) {
	t, ok := s.Letters.ByName(r.Template)
	if !ok || !s.mayUse(r.MerchantID, t) {
		return store.Letter{}, fault.Invalid(fault.Field{Pointer: "/template", Detail: "there is no such template"})
	}
	if r.MerchantID != "" {
		return s.writeForMerchant(ctx, t, r)
	}
	wrong := s.invalidDataFields(t, r.Data)
	if _, err := emailaddr.Parse(r.To); err != nil {
		wrong = append([]fault.Field{{Pointer: "/to", Detail: err.Error()}}, wrong...)
	}
	if r.OrderID != "" {
		wrong = append(wrong, fault.Field{Pointer: "/order_id", Detail: "is for merchants: name the recipient in to"})
	}
	if len(wrong) > 0 {
		return store.Letter{}, fault.Invalid(wrong...)
	}
	var l store.Letter
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		l, err = s.queueEmail(ctx, tx, s.emailOrderFrom(t, r, r.To))
		return err
	})
	return l, err
}

// emailOrderFrom is what a request orders, for a recipient.
func (s *Service) emailOrderFrom(t template.Template, r Request, recipient string) order {
	o := order{eventID: r.ID, merchantID: r.MerchantID, template: r.Template, recipient: recipient, locale: r.Locale, data: r.Data, free: r.MerchantID == ""}
	if t.Secret {
		o.expires = s.Now().Add(codeLife)
	}
	return o
}

// invalidDataFields lists what is wrong with the data of an e-mail.
func (s *Service) invalidDataFields(t template.Template, data map[string]any) (wrong []fault.Field) {
	for _, f := range t.Check(data) {
		wrong = append(wrong, fault.Field{Pointer: "/data" + f.Pointer, Detail: f.Detail})
	}
	if link, ok := data["link"].(string); ok && link != "" && !s.isShopLink(link) {
		wrong = append(wrong, fault.Field{Pointer: "/data/link", Detail: "expected an address of the shop"})
	}
	return wrong
}

// Templates lists what a merchant may send; an administrator, who is none, may send
// all.
func (s *Service) Templates(merchantID string) []template.Template {
	return slices.DeleteFunc(s.Letters.All(), func(t template.Template) bool { return !s.mayUse(merchantID, t) })
}

func (s *Service) mayUse(merchantID string, t template.Template) bool {
	return merchantID == "" || slices.Contains(s.MerchantTemplates, t.Name)
}

// isShopLink reports whether a link leads to the shop: no e-mail of the shop leads
// elsewhere.
func (s *Service) isShopLink(link string) bool {
	return s.PublicURL != "" && strings.HasPrefix(link, strings.TrimSuffix(s.PublicURL, "/")+"/")
}

package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"app/modules/emails/internal/letters"
	"app/modules/emails/internal/store"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Request is a letter that somebody asks for by name.
type Request struct {
	ID         string // of the letter to be
	MerchantID string // who asks, empty for an administrator
	Template   string
	To         string
	Locale     string // wanted, as a tag or an Accept-Language
	Data       map[string]any
}

// codeLife is how long the letter with a merchant's own code is worth sending.
const codeLife = 15 * time.Minute

// Write queues a letter by name. Repeated with the same id it answers the letter that is there. Errors: InvalidArgument
// naming /template, /to or each missing or unfit /data/<variable>; ResourceExhausted (merchant_rate) when a merchant has
// had its letters of the hour.
func (s *Service) Write(ctx context.Context, r Request) (store.Letter, error) {
	t, ok := s.Letters.ByName(r.Template)
	if !ok || !s.mayUse(r.MerchantID, t) {
		return store.Letter{}, fault.Invalid(fault.Field{Pointer: "/template", Detail: "there is no such template"})
	}
	var wrong []fault.Field
	if _, err := emailaddr.Parse(r.To); err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/to", Detail: err.Error()})
	}
	for _, f := range t.Check(r.Data) {
		wrong = append(wrong, fault.Field{Pointer: "/data" + f.Pointer, Detail: f.Detail})
	}
	if link, ok := r.Data["link"].(string); ok && link != "" && !s.ours(link) {
		wrong = append(wrong, fault.Field{Pointer: "/data/link", Detail: "expected an address of the shop"})
	}
	if len(wrong) > 0 {
		return store.Letter{}, fault.Invalid(wrong...)
	}
	o := order{eventID: r.ID, merchantID: r.MerchantID, template: r.Template, recipient: r.To, locale: r.Locale, data: r.Data}
	if t.Secret {
		o.expires = s.Now().Add(codeLife)
	}
	var l store.Letter
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		if err := s.withinRate(ctx, tx, r.MerchantID); err != nil {
			return err
		}
		l, err = s.queue(ctx, tx, o)
		return err
	})
	return l, err
}

// Templates lists what a merchant may send; an administrator, who is none, may send all.
func (s *Service) Templates(merchantID string) []letters.Template {
	return slices.DeleteFunc(s.Letters.All(), func(t letters.Template) bool { return !s.mayUse(merchantID, t) })
}

func (s *Service) mayUse(merchantID string, t letters.Template) bool {
	return merchantID == "" || slices.Contains(s.MerchantTemplates, t.Name)
}

// withinRate counts in the database, so that replicas share the limit.
func (s *Service) withinRate(ctx context.Context, q *database.Tx, merchantID string) error {
	if merchantID == "" {
		return nil
	}
	n, err := store.CountOf(ctx, q, merchantID, s.Now().Add(-time.Hour))
	if err != nil || n < s.MerchantRate {
		return err
	}
	verdict := fault.New(fault.ResourceExhausted, "merchant_rate", fmt.Sprintf("A merchant may send %d letters an hour.", s.MerchantRate))
	verdict.RetryAfter = time.Minute
	return verdict
}

// ours tells whether a link leads to the shop: no letter of the shop leads elsewhere.
func (s *Service) ours(link string) bool {
	return s.PublicURL != "" && strings.HasPrefix(link, strings.TrimSuffix(s.PublicURL, "/")+"/")
}

// Package request writes the e-mails that somebody asks for by name: an administrator
// any to anybody, a merchant a few to the buyers of its orders.
package request

import (
	"maps"
	"slices"
	"strings"
	"time"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/template"
	"app/platform/emailaddr"
	"app/platform/fault"
)

// Request is an e-mail that somebody asks for by name.
type Request struct {
	ID         string // of the request: repeated with the same one, it is the same e-mail
	MerchantID string // who asks, empty for an administrator
	Template   string
	To         string // an administrator's choice; a merchant names an order instead
	OrderID    string // whose buyer the merchant writes to
	Locale     string // wanted, as a tag or an Accept-Language; empty for the recipient's, where it is known
	Data       map[string]any
}

// codeLife is how long the e-mail with a merchant's own code is worth sending.
const codeLife = 15 * time.Minute

// draftFor is what the request asks for, for a recipient.
func (r *Request) draftFor(t template.Template, recipient string, now time.Time) email.Draft {
	d := email.Draft{
		EventID: r.ID, MerchantID: r.MerchantID, Template: r.Template, Recipient: recipient, Locale: r.Locale, Data: r.Data,
		Uncounted: r.MerchantID == "",
	}
	if t.Secret {
		d.ExpiresAt = now.Add(codeLife)
	}
	return d
}

// given are the variables that a merchant does not choose: who writes, and about which
// order.
var given = []string{"merchant", "order_id"}

// variables lists what whoever asks has to fill in: a merchant is not asked for what it
// does not choose.
func variables(t template.Template, merchantID string) []string {
	names := []string{}
	for _, v := range t.Variables {
		if merchantID == "" || !slices.Contains(given, v.Name) {
			names = append(names, v.Name)
		}
	}
	return names
}

// complete fills in what a merchant does not choose. name is that of the merchant.
func (r *Request) complete(name string) {
	if r.Data = maps.Clone(r.Data); r.Data == nil {
		r.Data = map[string]any{}
	}
	r.Data["merchant"], r.Data["order_id"] = name, r.OrderID
}

// wrongForAdministrator lists what is wrong with an administrator's request. publicURL
// is where the shop is.
func (r *Request) wrongForAdministrator(t template.Template, publicURL string) (wrong []fault.Field) {
	if _, err := emailaddr.Parse(r.To); err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/to", Detail: err.Error()})
	}
	wrong = append(wrong, r.wrongData(t, publicURL)...)
	if r.OrderID != "" {
		wrong = append(wrong, fault.Field{Pointer: "/order_id", Detail: "is for merchants: name the recipient in to"})
	}
	return wrong
}

// wrongForMerchant lists what is wrong with what a merchant has chosen.
func (r *Request) wrongForMerchant() (wrong []fault.Field) {
	if r.To != "" {
		wrong = append(wrong, fault.Field{Pointer: "/to", Detail: "a merchant's e-mail goes to the address of its order; leave it out"})
	}
	if r.OrderID == "" {
		wrong = append(wrong, fault.Field{Pointer: "/order_id", Detail: "expected the order that the e-mail is about"})
	}
	for _, v := range given {
		if _, ok := r.Data[v]; ok {
			wrong = append(wrong, fault.Field{Pointer: "/data/" + v, Detail: "is the merchant's own; leave it out"})
		}
	}
	return wrong
}

// wrongData lists what is wrong with the data of an e-mail.
func (r *Request) wrongData(t template.Template, publicURL string) (wrong []fault.Field) {
	for _, f := range t.Check(r.Data) {
		wrong = append(wrong, fault.Field{Pointer: "/data" + f.Pointer, Detail: f.Detail})
	}
	if link, ok := r.Data["link"].(string); ok && link != "" && !leadsTo(publicURL, link) {
		wrong = append(wrong, fault.Field{Pointer: "/data/link", Detail: "expected an address of the shop"})
	}
	return wrong
}

// leadsTo reports whether a link leads to the shop: no e-mail of the shop leads
// elsewhere.
func leadsTo(publicURL, link string) bool {
	return publicURL != "" && strings.HasPrefix(link, strings.TrimSuffix(publicURL, "/")+"/")
}

// Package budget limits how many e-mails are written, by merchants and to each address:
// so many at once, and as many again spread evenly over a time. What is spent is
// counted in the database, so that replicas share it.
package budget

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"app/modules/emails/internal/template"
	"app/platform/emailaddr"
)

// Kind is whose limit a budget is.
type Kind string

// The kinds.
const (
	Recipient Kind = "recipient" // a mailbox, of e-mails that it may not have asked for
	Merchant  Kind = "merchant"
	Owner     Kind = "owner"   // all merchants of one person together
	Network   Kind = "network" // all that write from one network
)

// Budget is one limit.
type Budget struct {
	Kind Kind
	Key  string        // whose it is
	Most int           // so many e-mails at once; nothing may be spent when 0
	Per  time.Duration // as many again, spread over this time
	Room int           // how many of Most may be spent by the e-mail in question
}

// OfRecipient is the budget of an address, which gets so many e-mails a day. Counts
// says how many of them may be of the kind in question. Error: emailaddr.ErrAddress.
func OfRecipient(address string, most int, counts template.Counts) (Budget, error) {
	mailbox, err := mailboxOf(address)
	if err != nil {
		return Budget{}, err
	}
	return Budget{Kind: Recipient, Key: mailbox, Most: most, Per: 24 * time.Hour, Room: counts.Limit(most)}, nil
}

// mailboxOf is what budgets of recipients are kept by: addresses that differ in case,
// in a detail behind a plus sign (RFC 5233) or, at Gmail, in dots lead to one mailbox,
// and would otherwise be as many budgets as one likes. Error: emailaddr.ErrAddress.
func mailboxOf(address string) (string, error) {
	parsed, err := emailaddr.Parse(address)
	if err != nil {
		return "", err
	}
	local, domain, _ := strings.Cut(parsed.Key(), "@")
	if name, _, ok := strings.Cut(local, "+"); ok && name != "" {
		local = name
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain, nil
}

// Limits are how many e-mails an hour a merchant may write, all merchants of one owner
// together, and all that write from one network. None when 0.
type Limits struct{ Merchant, Owner, Network int }

// OfWriter lists the budgets of whoever writes, the widest first. A network is not
// always known; it is empty then and has none.
func (l Limits) OfWriter(merchantID, ownerID, network string) []Budget {
	var budgets []Budget
	for _, b := range []Budget{
		{Kind: Network, Key: network, Most: l.Network},
		{Kind: Owner, Key: ownerID, Most: l.Owner},
		{Kind: Merchant, Key: merchantID, Most: l.Merchant},
	} {
		if b.Key != "" {
			b.Per, b.Room = time.Hour, b.Most
			budgets = append(budgets, b)
		}
	}
	return budgets
}

// id is what a budget is kept by: it shows nothing of whose it is.
func (b Budget) id() string {
	sum := sha256.Sum256([]byte(string(b.Kind) + "\x00" + b.Key))
	return hex.EncodeToString(sum[:])
}

// step is the time after which one more e-mail may be written.
func (b Budget) step() time.Duration { return b.Per / time.Duration(b.Most) }

// SpentError is that a budget has no room for an e-mail.
type SpentError struct {
	Budget Budget
	Wait   time.Duration // until it has
}

// Error implements error.
func (e *SpentError) Error() string {
	return fmt.Sprintf("the budget of the %s has no room for %s", e.Budget.Kind, e.Wait)
}

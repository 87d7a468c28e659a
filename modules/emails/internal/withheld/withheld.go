// Package withheld counts the e-mails that were not written. Nobody is told of them:
// whoever caused the event may be a stranger to the recipient.
package withheld

import "time"

// Reason is why an e-mail was not written.
type Reason string

// The reasons.
const (
	OverBudget Reason = "budget" // the recipient has had enough
	Unpaid     Reason = "unpaid" // about an order that was never paid, to an address that may be anybody's
)

// Withheld are the e-mails of a template to a recipient that were not written on one
// day, for one reason.
type Withheld struct {
	Recipient string // in lower case
	Template  string
	Reason    Reason
	Emails    int
	LastAt    time.Time
}

// day is that of the last e-mail, counted from the beginning of Unix time: strangers
// cannot make the list longer than one line a day.
func (w Withheld) day() int64 { return w.LastAt.UnixMicro() / (24 * time.Hour).Microseconds() }

// Package suppression knows the addresses that e-mails are not sent to, because a
// mailbox is not there or its owner complained.
package suppression

import "time"

// Reason is why an address is suppressed.
type Reason string

// The reasons.
const (
	Bounce    Reason = "bounce"    // permanently: there is no such mailbox
	Complaint Reason = "complaint" // its owner called an e-mail spam
)

// outweighs reports whether a report replaces an earlier one: a bounce a complaint.
// Otherwise the first stays.
func (r Reason) outweighs(earlier Reason) bool { return r == Bounce && earlier == Complaint }

// Suppression is an address that e-mails are not sent to.
type Suppression struct {
	Address   string // its key, as emailaddr.Address has it
	Reason    Reason
	Detail    string // in the words of whoever reported it
	EmailID   string // whose sending showed it, empty when that is not known
	CreatedAt time.Time
}

// Stops reports whether an e-mail is kept from the address. What a person needs to get
// into an account goes out in spite of a complaint: it was asked for. To a mailbox that
// does not exist nothing goes.
func (s Suppression) Stops(neededForAccount bool) bool {
	return !neededForAccount || s.Reason != Complaint
}

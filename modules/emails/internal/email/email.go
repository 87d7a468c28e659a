// Package email keeps e-mails and sends them. An e-mail is queued in the transaction of
// what caused it, and workers of any number of processes hand it to a transport, once.
//
// An e-mail is queued until a worker claims it for a lease and is sending it. It is
// then sent, failed, or queued again to be tried later; and it is unknown when the
// transport may have taken it before a crash or a lost reply. What the transport tells
// later makes it sent or failed, as Status.after has it. Nothing but an operator queues
// one again that is unknown or has failed.
package email

import "time"

// Status is how far an e-mail has come.
type Status string

// The statuses.
const (
	Queued  Status = "queued"
	Sending Status = "sending"
	Sent    Status = "sent"
	Failed  Status = "failed"
	Unknown Status = "unknown"
)

// statusAfter is the status of an e-mail that its transport tells of, and false when that
// changes nothing: an e-mail that is being sent is recorded by its worker.
func (s Status) statusAfter(d Delivery) (Status, bool) {
	switch {
	case d == Refused && (s == Unknown || s == Sent):
		return Failed, true
	case d != Refused && s == Unknown:
		return Sent, true
	}
	return s, false
}

// Failure is why an e-mail has failed.
type Failure string

// The failures.
const (
	Rejected   Failure = "rejected"   // the transport will never take it
	Exhausted  Failure = "attempts"   // too many attempts
	Expired    Failure = "expired"    // too late to be of use
	Suppressed Failure = "suppressed" // the address is suppressed
)

// Delivery is what the transport told later of an e-mail that it took.
type Delivery string

// The deliveries, each of more weight than the one before.
const (
	NoNews     Delivery = ""
	Accepted   Delivery = "accepted"
	Delayed    Delivery = "delayed"
	Delivered  Delivery = "delivered"
	Bounced    Delivery = "bounced"
	Refused    Delivery = "refused" // taken, and then not sent: a virus in it, or a stored template that does not render
	Complained Delivery = "complained"
)

// weights order the deliveries: news come in any order, and the weightier stays.
var weights = map[Delivery]int{NoNews: 0, Accepted: 1, Delayed: 2, Delivered: 3, Bounced: 4, Refused: 5, Complained: 6}

// outweighs reports whether news replace earlier ones.
func (d Delivery) outweighs(earlier Delivery) bool { return weights[d] > weights[earlier] }

// Priority is the order in which due e-mails are sent.
type Priority int

// The priorities: whoever waits for a code waits in front of the screen.
const (
	First  Priority = 0
	Normal Priority = 1
	Last   Priority = 2
)

// Email is one e-mail to one recipient.
type Email struct {
	ID         string
	EventID    string // of the event or the request that caused it
	MerchantID string // who had it written, empty for the shop
	Template   string
	Locale     string
	Recipient  string
	Subject    string // empty, as the bodies are, once an e-mail with a code is on its way
	Text       string
	HTML       string
	// Data is what the template was filled with, as JSON; kept only for transports that
	// render, empty otherwise.
	Data     string
	Priority Priority
	Status   Status
	Failure  Failure
	Delivery Delivery
	// Claim names the worker that is sending it, empty otherwise. It is a name nobody
	// used before.
	Claim       string
	Attempts    int
	LastError   string
	Transport   string
	TransportID string
	// DueAt is when a queued e-mail is to be sent, and when the lease of one that is
	// being sent ends. In any other status it is when it came into it.
	DueAt     time.Time
	OfferedAt time.Time // when the transport was asked to take it, zero before
	CreatedAt time.Time
	SentAt    time.Time // zero until it is sent
	ExpiresAt time.Time // zero for never
}

// isExpired reports whether an e-mail is of no use any more.
func (e *Email) isExpired(now time.Time) bool {
	return !e.ExpiresAt.IsZero() && now.After(e.ExpiresAt)
}

// Filter chooses e-mails of a list. Empty fields choose all.
type Filter struct {
	Status   Status
	Template string
	Before   string    // id: only older ones
	Until    time.Time // only those whose status is older; for Unknown, how long nothing was heard
	Limit    int
}

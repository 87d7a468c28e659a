// Package mailbox is the transport of development: e-mails are kept and shown instead
// of being sent.
package mailbox

import "time"

// Mail is an e-mail in the development mailbox.
type Mail struct {
	EmailID   string
	Recipient string
	Subject   string
	Text      string
	HTML      string
	CreatedAt time.Time // when it was put there
}

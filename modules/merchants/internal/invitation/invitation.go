// Package invitation asks people by e-mail to act for a merchant: nobody is a member
// before they have agreed.
package invitation

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/merchantsv1"
)

// State is what became of an invitation.
type State int

// The states.
const (
	Pending   State = 1 // until it is answered or lapses
	Accepted  State = 2
	Declined  State = 3
	Withdrawn State = 4 // by an owner, by a newer one, or because the inviter is an owner no longer
)

// Invitation is an offer to act for a merchant, sent to an address.
type Invitation struct {
	ID         string // inv_...
	MerchantID string
	Email      string // as it was typed
	EmailKey   string // as addresses are compared
	Role       merchantsv1.Role
	TokenHash  string // SHA-256 in hexadecimal
	InvitedBy  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	State      State
	SettledAt  time.Time // zero while nobody has answered
	SettledBy  string    // who accepted, else empty
}

// Entry is the invitation's line in the list of members.
func (i Invitation) Entry() member.Entry {
	return member.Entry{
		Role: i.Role, CreatedAt: i.CreatedAt, InvitationID: i.ID, Email: i.Email, InvitedBy: i.InvitedBy, ExpiresAt: i.ExpiresAt,
	}
}

// acceptedBy reports whether the user has accepted the invitation.
func (i Invitation) acceptedBy(userID string) bool {
	return i.State == Accepted && i.SettledBy == userID
}

// hasToken reports whether the token is the one that the invitation's e-mail carries.
func (i Invitation) hasToken(token string) bool {
	return subtle.ConstantTimeCompare([]byte(i.TokenHash), []byte(hashToken(token))) == 1
}

// pagePath is the page that the e-mail of an invitation leads to.
const pagePath = "/v1/invitations/letter"

// codeOf is what the e-mail carries: the id, a hyphen, the token. An id has no hyphen,
// and a dot would look like an address to who defuses texts.
func codeOf(id, token string) string { return id + "-" + token }

// cutCode takes a code apart, and empties the token of one that has none.
func cutCode(code string) (id, token string) {
	id, token, _ = strings.Cut(code, "-")
	return id, token
}

// linkTo is the address of the page with the code in its fragment, which no server and
// no log sees. base is the public address of the shop.
func linkTo(base, code string) string { return strings.TrimSuffix(base, "/") + pagePath + "#" + code }

// newToken makes what proves that somebody reads the mail of an address: 256 random
// bits.
func newToken() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Limits bound what strangers can make the shop send. They count in the database, so
// that they hold for all replicas together.
type Limits struct {
	PerDay  int           // that are sent in 24 hours for one merchant, and by one account
	Pending int           // of one merchant that wait for an answer at a time
	Life    time.Duration // how long an invitation can be accepted
}

// counts are what limits are about.
type counts struct {
	ofMerchant int // made for the merchant within a day
	ofInviter  int // made by the inviter within a day, for any merchant
	pending    int // of the merchant, without an answer
}

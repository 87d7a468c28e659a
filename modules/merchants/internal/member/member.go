// Package member is who may act for a merchant: people, each with a role. What a caller
// may do for a merchant is decided here, for the subjects above and for other modules.
package member

import (
	"time"

	"app/modules/merchants/merchantsv1"
)

// Member is somebody who may act for a merchant.
type Member struct {
	MerchantID string
	UserID     string
	Role       merchantsv1.Role
	CreatedAt  time.Time
}

// Entry is the member's line in the list of members.
func (m Member) Entry() Entry {
	return Entry{UserID: m.UserID, Role: m.Role, CreatedAt: m.CreatedAt}
}

// Entry is one line in the list of a merchant's members: a member, or an address that
// is invited.
type Entry struct {
	UserID    string // empty for an invitation
	Role      merchantsv1.Role
	CreatedAt time.Time

	InvitationID string // empty for a member, as are those that follow
	Email        string // as it was typed
	InvitedBy    string
	ExpiresAt    time.Time
}

// ID is what the list is in order of. Those of invitations come before those of users.
func (e Entry) ID() string { return e.InvitationID + e.UserID }

// Offer is what somebody is invited to.
type Offer struct {
	Email string
	Role  merchantsv1.Role
}

// Standing is what somebody is to a merchant.
type Standing struct {
	Role     merchantsv1.Role // the one in force, ROLE_UNSPECIFIED for none
	Approved bool             // the merchant may sell
	// SecondFactorNeeded: the role is a higher one as soon as the session has shown a
	// second factor.
	SecondFactorNeeded bool
}

// withOneFactor is the standing in a session that has shown one factor where the shop
// demands two: a viewer's. Whoever asks for a higher role gets no further, whether or
// not it looks at the reason.
func (s Standing) withOneFactor() Standing {
	if s.Role > merchantsv1.Role_ROLE_VIEWER {
		s.Role, s.SecondFactorNeeded = merchantsv1.Role_ROLE_VIEWER, true
	}
	return s
}

var roleNames = map[merchantsv1.Role]string{
	merchantsv1.Role_ROLE_VIEWER: "viewer", merchantsv1.Role_ROLE_MANAGER: "manager", merchantsv1.Role_ROLE_OWNER: "owner",
}

// RoleName is the role in the words of the API and of e-mails, empty for none.
func RoleName(r merchantsv1.Role) string { return roleNames[r] }

// roleNamed is the role that the API calls so, ROLE_UNSPECIFIED for any other word.
func roleNamed(name string) merchantsv1.Role {
	for role, its := range roleNames {
		if its == name {
			return role
		}
	}
	return merchantsv1.Role_ROLE_UNSPECIFIED
}

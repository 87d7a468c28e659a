// Package revocation keeps what is not valid any more before its time, under epochs
// that gateways follow: what they have seen of an epoch is all of it.
package revocation

import (
	"time"

	"app/platform/identity/token"
)

// Revocation is one thing that is not valid any more.
type Revocation struct {
	Epoch     int64
	Kind      int // a usersv1.RevocationKind
	Subject   string
	CreatedAt time.Time
	ExpiresAt time.Time // when it may be forgotten
}

// Revoked is what has been revoked since an epoch.
type Revoked struct {
	Epoch int64
	List  []Revocation
	More  bool // ask again after Epoch
}

// life is how long gateways are told of a revocation: longer than any access
// token lives and anything is remembered.
const life = token.MaxLife + 2*token.Leeway

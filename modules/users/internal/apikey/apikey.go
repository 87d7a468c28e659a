// Package apikey keeps the API keys of merchants, by their hashes.
package apikey

import (
	"crypto/rand"
	"time"

	"app/modules/users/usersv1"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/text"
)

// Key is a merchant's key, of which the hash alone is kept.
type Key struct {
	ID         string // key_...
	MerchantID string
	Name       string
	Hash       string
	Hint       string // the first characters
	Scopes     string // with spaces between
	CreatedBy  string // usr_...
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never, for keys made before every key had an end
	LastUsedAt time.Time // zero: not yet
	RevokedAt  time.Time // zero: not revoked
}

// isInForce reports whether the key opens anything: it is neither revoked nor over.
func (k Key) isInForce(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

const (
	maxKeyName = 100 // characters
	// maxAPIKeys bounds the keys of one merchant.
	maxAPIKeys = 100
	// keyLife is how long a key lives that is made without an end, maxKeyLife bounds an
	// end that is given: two years with a leap day. Keys made before there were bounds
	// may have no end.
	keyLife    = 365 * 24 * time.Hour
	maxKeyLife = 731 * 24 * time.Hour
	// hintLength is how much of a key is kept readable: the prefix and 16 bits.
	hintLength = len(identity.APIKeyPrefix) + 4
)

func generateKey() string {
	var raw [20]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	return identity.NewAPIKey(raw)
}

// Draft is an API key to be made.
type Draft struct {
	MerchantID string
	Name       string
	Scopes     []string
	ExpiresAt  *time.Time // nil: after keyLife. The zero time is a time like any other, and past.
}

// normalizeAndValidate lists what is wrong with the draft, puts its scopes in order and
// gives it an end.
func (d *Draft) normalizeAndValidate(now time.Time) (wrong []fault.Field) {
	name, err := text.Line(d.Name, 1, maxKeyName)
	if err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/name", Detail: err.Error()})
	}
	d.Name = name
	given := map[string]bool{}
	for _, scope := range d.Scopes {
		given[scope] = true
	}
	d.Scopes = d.Scopes[:0:0]
	for _, scope := range usersv1.Scopes() {
		if given[scope] {
			d.Scopes = append(d.Scopes, scope)
			delete(given, scope)
		}
	}
	if len(given) > 0 || len(d.Scopes) == 0 {
		wrong = append(wrong, fault.Field{Pointer: "/scopes", Detail: "expected one or more of the scopes there are"})
	}
	if d.ExpiresAt == nil {
		end := now.Add(keyLife)
		d.ExpiresAt = &end
	}
	if !d.ExpiresAt.After(now) || d.ExpiresAt.After(now.Add(maxKeyLife)) {
		wrong = append(wrong, fault.Field{Pointer: "/expires_at", Detail: "must be in the future, two years ahead at most"})
	}
	return wrong
}

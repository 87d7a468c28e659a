// Package apikey is the API keys of merchants: users keeps them, and who may make, see
// and revoke them is decided here.
package apikey

import (
	"slices"
	"time"
)

// Key is an API key as the merchant's owners see it. The key itself is not in it.
type Key struct {
	ID        string
	Name      string
	Hint      string // how the key begins
	Scopes    []string
	CreatedBy string
	// MakerIsMember reports whether whoever made it is still a member: a key goes on
	// without its maker.
	MakerIsMember bool
	CreatedAt     time.Time
	ExpiresAt     time.Time // zero for one that does not run out
	LastUsedAt    time.Time // zero for one that was never used
}

// Endless reports whether the key does not run out.
func (k Key) Endless() bool { return k.ExpiresAt.IsZero() }

// Draft is an API key to be made.
type Draft struct {
	Name      string
	Scopes    []string
	ExpiresAt *time.Time // nil: after Options.Life
}

// reaching are the scopes of keys that reach people outside. They need a merchant that
// is approved.
var reaching = []string{"emails:send"}

// reachesPeople reports whether the key could be used to write to anybody.
func (d Draft) reachesPeople() bool {
	return slices.ContainsFunc(d.Scopes, func(scope string) bool { return slices.Contains(reaching, scope) })
}

// expiryAfter is when the key runs out: when the draft says, else at the end of a life.
func (d Draft) expiryAfter(now time.Time, life time.Duration) time.Time {
	if d.ExpiresAt != nil {
		return *d.ExpiresAt
	}
	return now.Add(life)
}

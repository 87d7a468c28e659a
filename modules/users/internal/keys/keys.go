// Package keys holds the keys that sign access tokens and the secret that codes are
// hashed with. Both are read when the module is opened, and made at its first start.
package keys

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"app/platform/identity/token"
)

// Key is a key that signs or has signed access tokens.
type Key struct {
	ID         string
	Generation int64
	Private    ed25519.PrivateKey
	CreatedAt  time.Time
	ActiveFrom time.Time // signs from then on, until a newer one does
	NotAfter   time.Time // verifies until then; zero: no end
}

// signers are the keys that sign, now or soon.
type signers struct {
	read time.Time
	keys []signingKey // the newest first
}

type signingKey struct {
	from   time.Time
	signer *token.Signer
}

// activeAt is the signer of a time: the newest that is active. The oldest there is
// signs before its time rather than nobody.
func (s *signers) activeAt(now time.Time) *token.Signer {
	for _, k := range s.keys {
		if !now.Before(k.from) {
			return k.signer
		}
	}
	return s.keys[len(s.keys)-1].signer
}

func newSigners(keys []Key, now time.Time) (*signers, error) {
	out := &signers{read: now}
	for _, k := range keys {
		signer, err := token.NewSigner(k.Private)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		out.keys = append(out.keys, signingKey{k.ActiveFrom, signer})
	}
	return out, nil
}

// Info is a signing key as an administrator sees it.
type Info struct {
	ID         string
	Generation int64
	CreatedAt  time.Time
	ActiveFrom time.Time
	NotAfter   time.Time // zero: no end
	Signs      bool      // now
}

func infosOf(keys []Key, now time.Time) []Info {
	out := make([]Info, len(keys))
	found := false
	for i, k := range keys {
		signs := !found && !now.Before(k.ActiveFrom)
		found = found || signs
		out[i] = Info{ID: k.ID, Generation: k.Generation, CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom, NotAfter: k.NotAfter, Signs: signs}
	}
	return out
}

package operation

import (
	"net/http"

	"app/platform/exchange"
	"app/platform/identity"
	"app/platform/problem"
)

const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotent-Replayed"

	// maxKey bounds a key in bytes, minGuestKey one of a caller whom nothing but the
	// key tells from others.
	maxKey      = 255
	minGuestKey = 16
)

// takeKey reads the header. A key of a guest whom nothing tells from others has to be
// long enough not to be met by chance: a short one is as good as none.
func (e *endpoint) takeKey(c *call) error {
	if e.op.Idempotency == KeyNone {
		return nil
	}
	values := c.r.Header[keyHeader]
	if len(values) == 0 {
		if e.op.Idempotency == KeyRequired {
			return keyProblem("idempotency_key_missing", "This operation needs the header Idempotency-Key.")
		}
		return nil
	}
	if len(values) > 1 || !isValidKey(values[0]) {
		return keyProblem("idempotency_key_invalid", "A key has 1 to 255 visible ASCII characters and is sent once.")
	}
	known, _ := ownerOf(c)
	switch {
	case known || len(values[0]) >= minGuestKey:
		c.key = values[0]
	case e.op.Idempotency == KeyRequired:
		return keyProblem("idempotency_key_invalid", "Without an account or "+identity.GuestHeader+" a key needs 16 characters or more, made at random.")
	}
	return nil
}

func keyProblem(code, detail string) *problem.Problem {
	return problem.New(http.StatusBadRequest, code, detail, problem.Field{Pointer: "/" + keyHeader, Detail: detail})
}

func isValidKey(key string) bool {
	for i := 0; i < len(key); i++ {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return len(key) > 0 && len(key) <= maxKey
}

// ownerOf tells whose key it is, so that nobody gets another's reply. known is false
// for guests without a credential.
func ownerOf(c *call) (known bool, owner []string) {
	p := identity.FromContext(c.ctx)
	guest := c.r.Header.Get(identity.GuestHeader)
	switch {
	case p.SignedIn():
		return true, []string{"principal", p.UserID, p.Merchant}
	case guest != "":
		return true, []string{"cart", guest} // the word is part of the hash of every key that is kept
	}
	return false, []string{"guest", c.r.Header.Get(exchange.ClientHeader)}
}

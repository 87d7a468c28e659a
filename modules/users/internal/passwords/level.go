package passwords

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"app/platform/text"
)

// Kind is the beginning of a stored hash that came from elsewhere, up to its cost:
// $2b$12$, or $argon2id$v=19$m=65536,t=3,p=4$. It is empty for a hash as this Hasher
// makes them, and for none.
func (h *Hasher) Kind(stored string) string {
	if strings.HasPrefix(stored, "$2") {
		return stored[:min(7, len(stored))]
	}
	known, err := parsePHC(stored)
	if err != nil || known.params == h.params {
		return ""
	}
	return stored[:strings.Index(stored[15:], "$")+15] + "$"
}

// Attempt is a password that somebody signs in with.
type Attempt struct {
	Stored, Password string
	// Kinds are those of all hashes from elsewhere that there are, see Kind.
	Kinds []string
	// Barred means that the attempt is refused whatever the password is.
	Barred bool
}

// CheckLevel is Check for whoever is not known yet: what is refused takes the same work
// whatever is stored, one hash of each kind that there is.
//
//  1. A hash from elsewhere takes longer than one of ours (bcrypt of cost 14: thirty
//     times), so by itself it would tell an account that has one from an address that
//     has none.
//  2. Of bcrypt only the highest cost counts: a hash of cost 10 is followed by one of
//     each cost from 10 up to it, which together are as many rounds.
//  3. What is accepted costs its own hash only: whoever knows the password knows that
//     there is an account.
//
// When there is no kind from elsewhere it is one hash, and two for a password that RFC
// 8265 writes otherwise. Errors as for Hash.
func (h *Hasher) CheckLevel(ctx context.Context, a Attempt) (Verdict, error) {
	leave, err := h.acquireSlot(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer leave()
	kind := h.Kind(a.Stored)
	for i, form := range passwordForms(a.Password) {
		verdict := h.compareHash(a.Stored, form)
		if verdict.Match && !a.Barred {
			verdict.Outdated = verdict.Outdated || i > 0
			return verdict, nil
		}
		h.equalizeWork(kind, form, a.Kinds)
	}
	return Verdict{}, nil
}

// passwordForms are what may have been hashed for a password: text.OpaqueString of it,
// and the bytes as they were typed where these differ. How many there are depends on
// what was typed and not on the account.
func passwordForms(password string) []string {
	if prepared := text.OpaqueString(password); prepared != password {
		return []string{prepared, password}
	}
	return []string{password}
}

// equalizeWork computes what a hash of the kind own leaves to do.
func (h *Hasher) equalizeWork(own, password string, kinds []string) {
	if own != "" {
		h.argon2Sum(h.params, password, make([]byte, saltBytes), sumBytes)
	}
	from, highest := costOf(own), costOf(own)
	for _, kind := range kinds {
		switch known, err := parsePHC(kind + nobodys); {
		case strings.HasPrefix(kind, "$2"):
			highest = max(highest, costOf(kind))
		case err == nil && kind != own:
			h.argon2Sum(known.params, password, known.salt, sumBytes)
		}
	}
	switch {
	case highest == 0:
	case from == 0:
		h.burnBcrypt(highest, password)
	default:
		for cost := from; cost < highest; cost++ {
			h.burnBcrypt(cost, password)
		}
	}
}

// nobodys is salt and sum of an argon2id hash that nobody has.
const nobodys = "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// costOf reads the cost of a kind of bcrypt; 0 when it is none.
func costOf(kind string) (cost int) {
	if len(kind) != 7 || !strings.HasPrefix(kind, "$2") {
		return 0
	}
	if _, err := fmt.Sscanf(kind[4:], "%d$", &cost); err != nil || cost < bcrypt.MinCost || cost > maxCost {
		return 0
	}
	return cost
}

// burnBcrypt computes a bcrypt hash that nobody has.
func (h *Hasher) burnBcrypt(cost int, password string) {
	h.matchesBcrypt(fmt.Sprintf("$2b$%02d$%s", cost, "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"), password)
}

// matchesBcrypt compares a password with a bcrypt hash.
func (h *Hasher) matchesBcrypt(stored, password string) bool {
	h.operations.Add(1)
	if cost, err := bcrypt.Cost([]byte(stored)); err == nil {
		h.rounds.Add(1 << cost)
	}
	return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
}

// compareHash does what Check says, in a slot.
func (h *Hasher) compareHash(stored, password string) Verdict {
	if strings.HasPrefix(stored, "$2") {
		match := h.matchesBcrypt(stored, password)
		return Verdict{Match: match, Outdated: match}
	}
	known, err := parsePHC(stored)
	if err != nil {
		h.argon2Sum(h.params, password, make([]byte, saltBytes), sumBytes)
		return Verdict{} // nobody's hash, or one that nobody can match
	}
	sum := h.argon2Sum(known.params, password, known.salt, uint32(len(known.sum)))
	match := subtle.ConstantTimeCompare(sum, known.sum) == 1
	return Verdict{Match: match, Outdated: match && known.params != h.params}
}

// Work is what was computed so far: argon2id in KiB times passes, bcrypt in rounds.
func (h *Hasher) Work() (argon2id, bcrypt int64) { return h.kibibytes.Load(), h.rounds.Load() }

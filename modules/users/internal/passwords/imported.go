package passwords

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxCost bounds the bcrypt hashes that are taken over: one more doubles the time of a
// sign-in, which at 14 is about a second.
const maxCost = 14

// Unusable says in a sentence why a hash from elsewhere cannot be taken over, or ""
// when it can: bcrypt, or argon2id in the PHC string format with moderate cost. Both
// are replaced by one of ours when their owner signs in.
func Unusable(stored string) string {
	if strings.HasPrefix(stored, "$2") {
		cost, err := bcrypt.Cost([]byte(stored))
		switch {
		case err != nil || len(stored) != 60:
			return "is not a whole bcrypt hash"
		case cost > maxCost:
			return "is a bcrypt hash of a cost above 14"
		}
		return ""
	}
	if _, err := parsePHC(stored); err != nil {
		return "must be a bcrypt hash ($2b$…) or an argon2id hash ($argon2id$v=19$m=…,t=…,p=…$…)"
	}
	return ""
}

package identity

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
)

// APIKeyPrefix begins every API key, and no access token: it tells the two apart, and
// lets scanners of leaked secrets find one.
const APIKeyPrefix = "souk_"

// apiKeyDigits is the random part in hexadecimal: 160 bits.
const apiKeyDigits = 40

// NewAPIKey spells the 20 random bytes of a key: the prefix, 40 hexadecimal digits, and
// eight more that are their CRC-32, so that a mistyped key is told without asking
// anybody.
func NewAPIKey(random [apiKeyDigits / 2]byte) string {
	digits := hex.EncodeToString(random[:])
	return APIKeyPrefix + digits + keyChecksum(digits)
}

// ValidAPIKey reports whether a text may be an API key. Whether it is one, users knows.
func ValidAPIKey(text string) bool {
	rest, ok := strings.CutPrefix(text, APIKeyPrefix)
	return ok && len(rest) == apiKeyDigits+8 && keyChecksum(rest[:apiKeyDigits]) == rest[apiKeyDigits:]
}

func keyChecksum(digits string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(digits)))
}

// Package totp computes time-based one-time codes (RFC 6238), as apps for authentication
// show them.
package totp

import (
	"crypto/subtle"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"app/platform/database"
)

// The parameters are those that every app supports: SHA-1, six digits, thirty seconds.
const (
	period = 30
	// SecretLength is that of a secret in bytes, RFC 4226 section 4.
	SecretLength = 20
	// skew is how far an authenticator app's clock may be from ours: a code is good for so long
	// beyond its time step, at either end, and no longer (RFC 6238 section 5.2 allows
	// one step for the delay; ASVS 6.5.5 wants thirty seconds).
	skew = 10 * time.Second

	triesInARow  = 5 // wrong codes before a pause
	firstPause   = time.Minute
	longestPause = time.Hour
)

var options = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// Step finds the time step that the code belongs to, of those whose codes count now; zero
// when it is of none. The secret is in base 32.
func Step(secret, code string, now time.Time) (step int64, err error) {
	for _, candidate := range stepsAt(now) {
		want, err := hotp.GenerateCodeCustom(secret, uint64(candidate), options)
		if err != nil {
			return 0, fmt.Errorf("compute code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = candidate
		}
	}
	return step, nil
}

// stepsAt are the time steps whose codes count at a time: the current one, and a
// neighbour that it is within skew of.
func stepsAt(now time.Time) []int64 {
	current := now.Unix() / period
	steps := []int64{current}
	if before := now.Add(-skew).Add(-time.Nanosecond).Unix() / period; before < current {
		steps = append(steps, before)
	}
	if after := now.Add(skew).Unix() / period; after > current {
		steps = append(steps, after)
	}
	return steps
}

// Pause is how long to wait after too many wrong codes, the last of which was tried at a
// time.
func Pause(tries int, tried, now time.Time) time.Duration {
	if tries == 0 || tries%triesInARow != 0 {
		return 0
	}
	wait := longestPause
	if n := tries/triesInARow - 1; n < 6 {
		wait = firstPause << n
	}
	wait = min(wait, longestPause)
	left := tried.Add(wait).Sub(now)
	if left > wait+database.ClockSkew { // the clock has gone back since
		return 0
	}
	return left
}

// URL is what apps read from a QR code. The shop is named by the host of its address.
func URL(shop, email, secret string) string {
	u, err := url.Parse(shop)
	if err != nil || u.Hostname() == "" {
		u = &url.URL{Host: "souk"}
	}
	query := url.Values{"secret": {secret}, "issuer": {u.Hostname()}, "period": {"30"}, "digits": {"6"}, "algorithm": {"SHA1"}}
	return "otpauth://totp/" + url.PathEscape(u.Hostname()+":"+email) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"app/platform/identity"
)

// unbound makes an assertion as releases before 2026-11-28 did: good for any request,
// as often as one likes.
func unbound(key string, a identity.Assertion) string {
	a.Expires = time.Now().Add(identity.AssertionTTL).Unix()
	text, _ := json.Marshal(a) // of strings: cannot fail
	body := base64.RawURLEncoding.EncodeToString(text)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

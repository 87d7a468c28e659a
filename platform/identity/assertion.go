package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"sync"
	"time"
)

// AssertionHeader carries the assertion on every request between processes.
const AssertionHeader = "Souk-Assertion"

// AudienceHeader names the module that a request between processes is for: one process may host several. It is believed
// only together with an assertion for that audience.
const AudienceHeader = "Souk-Module"

// AssertionTTL bounds the life of an assertion.
const AssertionTTL = 30 * time.Second

// skew is how far another machine's clock may run ahead of ours.
const skew = 5 * time.Second

// ErrAssertion is every failure to verify; which one is in the text, for the log only.
var ErrAssertion = errors.New("assertion refused")

// Assertion is what one process of the house tells another about a request.
type Assertion struct {
	Caller    string    `json:"iss"` // the calling module
	Audience  string    `json:"aud"` // the module called
	RequestID string    `json:"rid,omitempty"`
	Principal Principal `json:"prn"`
	Expires   int64     `json:"exp"` // Unix seconds
}

// Signer signs and verifies assertions with HMAC-SHA-256 (RFC 2104). Safe for concurrent use.
type Signer struct {
	keys []*macKey // the first signs
	now  func() time.Time
}

// NewSigner takes the key shared by all processes of the house, of 32 bytes at least, and others that are accepted besides
// while the processes change from one to another.
func NewSigner(key []byte, now func() time.Time, accepted ...[]byte) (*Signer, error) {
	s := &Signer{now: now}
	for _, k := range append([][]byte{key}, accepted...) {
		if len(k) < 32 {
			return nil, fmt.Errorf("INTERNAL_KEY: %d bytes, at least 32 are needed", len(k))
		}
		s.keys = append(s.keys, newMACKey(bytes.Clone(k)))
	}
	return s, nil
}

// Sign stamps the assertion with its expiry and returns the header value.
func (s *Signer) Sign(a Assertion) (string, error) {
	a.Expires = s.now().Add(AssertionTTL).Unix()
	d, _ := drafts.Get().(*draft)
	defer drafts.Put(d)
	d.assertion = a
	d.body.Reset()
	if err := d.encoder.Encode(&d.assertion); err != nil {
		return "", fmt.Errorf("encode assertion: %w", err)
	}
	enc := base64.RawURLEncoding
	out := enc.AppendEncode(d.out[:0], bytes.TrimSuffix(d.body.Bytes(), []byte{'\n'}))
	mac := s.keys[0].mac(out)
	d.out = enc.AppendEncode(append(out, '.'), mac[:])
	return string(d.out), nil
}

// draft is where an assertion is written before it is a header value: every request between processes has one.
type draft struct {
	assertion Assertion
	body      bytes.Buffer
	encoder   *json.Encoder // to the body
	out       []byte
}

var drafts = sync.Pool{New: func() any {
	d := &draft{}
	d.encoder = json.NewEncoder(&d.body)
	return d
}}

// Verify checks signature, audience and expiry of a header value. Every failure is ErrAssertion.
func (s *Signer) Verify(token, audience string) (Assertion, error) {
	body, sig, ok := bytes.Cut([]byte(token), []byte{'.'})
	if !ok {
		return Assertion{}, fmt.Errorf("%w: malformed", ErrAssertion)
	}
	got, err := base64.RawURLEncoding.DecodeString(string(sig))
	if err != nil || !s.signed(body, got) {
		return Assertion{}, fmt.Errorf("%w: bad signature", ErrAssertion)
	}
	var a Assertion
	raw, err := base64.RawURLEncoding.DecodeString(string(body))
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	now, expires := s.now(), time.Unix(a.Expires, 0)
	switch {
	case err != nil:
		return Assertion{}, fmt.Errorf("%w: malformed", ErrAssertion)
	case a.Audience != audience:
		return Assertion{}, fmt.Errorf("%w: for %q, not %q", ErrAssertion, a.Audience, audience)
	case now.After(expires) || expires.After(now.Add(AssertionTTL+skew)):
		return Assertion{}, fmt.Errorf("%w: expired or from the future", ErrAssertion)
	}
	return a, nil
}

// signed tells whether one of the keys has made the signature.
func (s *Signer) signed(body, signature []byte) bool {
	for _, key := range s.keys {
		if mac := key.mac(body); hmac.Equal(signature, mac[:]) {
			return true
		}
	}
	return false
}

// macKey is a key with what was computed from it once: every request between processes is signed.
type macKey struct{ ready sync.Pool }

func newMACKey(key []byte) *macKey {
	return &macKey{ready: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (k *macKey) mac(data []byte) (sum [sha256.Size]byte) {
	h, _ := k.ready.Get().(hash.Hash)
	defer k.ready.Put(h)
	h.Reset()
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

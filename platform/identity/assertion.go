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
	"math/rand/v2"
	"sync"
	"time"
)

// AssertionHeader carries the assertion on every request between processes. In a reply
// it says AssertionUsed where the request was refused because its assertion had been
// used before.
const AssertionHeader = "Souk-Assertion"

// AssertionUsed tells the gateway that a request came twice under one assertion, as
// when net/http repeats a GET by itself because the connection broke: it may be sent
// once more, under an assertion of its own.
const AssertionUsed = "used"

// AudienceHeader names the module that a request between processes is for: one process
// may host several. It is believed only together with an assertion for that audience.
const AudienceHeader = "Souk-Module"

// AssertionTTL bounds the life of an assertion. So far a receiver's clock may run ahead
// of the sender's.
const AssertionTTL = 30 * time.Second

// skew is how far a receiver's clock may run behind the sender's.
const skew = 5 * time.Second

// ErrAssertion is every failure to verify; which one is in the text, for the log only.
var ErrAssertion = errors.New("assertion refused")

// ErrUsed is the ErrAssertion of a request whose assertion has been accepted before.
var ErrUsed = fmt.Errorf("%w: it was used before", ErrAssertion)

// Assertion is what one process of the house tells another about one request.
type Assertion struct {
	Caller    string    `json:"iss"` // the calling module
	Audience  string    `json:"aud"` // the module called
	RequestID string    `json:"rid,omitempty"`
	Principal Principal `json:"prn"`
	Expires   int64     `json:"exp"` // Unix seconds
	// Nonce tells assertions for requests that are alike apart, so that each is good
	// once. Sign draws it.
	Nonce uint64 `json:"non,omitempty"`
	// Digest is that of the one request the assertion is for, see Request. Sign fills
	// it in. It is empty in assertions of releases before this one, which were good for
	// any request.
	Digest string `json:"req,omitempty"`
}

// Signer signs and verifies assertions with HMAC-SHA-256 (RFC 2104), and remembers
// which it has accepted. Safe for concurrent use.
type Signer struct {
	keys    []*macKey // the first signs
	now     func() time.Time
	used    once
	unbound bool
}

// NewSigner takes the key shared by all processes of the house, of 32 bytes at least,
// and others that are accepted besides while the processes change from one to another.
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

// AcceptUnbound makes the signer accept assertions for no request in particular as
// well, as often as they come: those of the releases that knew no others, while
// processes are replaced one by one. It is called before the signer is used.
func (s *Signer) AcceptUnbound() { s.unbound = true }

// Sign stamps the assertion with its expiry, a nonce and the request that it is for,
// and returns the header value. A request that is sent again needs another one.
func (s *Signer) Sign(a Assertion, r Request) (string, error) {
	a.Expires, a.Nonce, a.Digest = s.now().Add(AssertionTTL).Unix(), newNonce(), ""
	d, _ := drafts.Get().(*draft)
	defer drafts.Put(d)
	d.assertion = a
	d.body.Reset()
	if err := d.encoder.Encode(&d.assertion); err != nil {
		return "", fmt.Errorf("encode assertion: %w", err)
	}
	// The digest is written behind the other fields by hand, which spares a string of
	// it.
	d.body.Truncate(d.body.Len() - len("}\n"))
	d.body.WriteString(`,"req":"`)
	d.body.Write(d.hashRequest(r))
	d.body.WriteString(`"}`)
	out := encoding.AppendEncode(d.out[:0], d.body.Bytes())
	mac := s.keys[0].computeMAC(out)
	d.out = encoding.AppendEncode(append(out, '.'), mac[:])
	return string(d.out), nil
}

// newNonce is one of 2^62.9 numbers, all of 19 digits, so that requests which are alike
// are of one length.
func newNonce() uint64 {
	const least, above = 1_000_000_000_000_000_000, 10_000_000_000_000_000_000
	return least + rand.Uint64N(above-least) //nolint:gosec // it has to be unique, and is no secret
}

// draft is where an assertion is written before it is a header value: every request
// between processes has one.
type draft struct {
	assertion Assertion
	body      bytes.Buffer
	encoder   *json.Encoder // to the body
	out       []byte

	// Of the digest.
	hash hash.Hash
	head []byte
	sum  [sha256.Size]byte
	text [digestLength]byte
}

var drafts = sync.Pool{New: func() any {
	d := &draft{hash: sha256.New()}
	d.encoder = json.NewEncoder(&d.body)
	return d
}}

// encoding has one text for some bytes: no padding, and no bits at the end that mean
// nothing.
var encoding = base64.RawURLEncoding.Strict()

// decodeStrict reads base64 of which each character counts. The package skips line ends
// even where it is strict.
func decodeStrict(text []byte) ([]byte, error) {
	out := make([]byte, encoding.DecodedLen(len(text)))
	n, err := encoding.Decode(out, text)
	if err == nil && n != len(out) {
		err = errors.New("line ends within base64")
	}
	return out, err //nolint:wrapcheck // an ErrAssertion is made of it
}

// Verify checks all of an assertion for a request that is here whole; see Read and
// Accept.
func (s *Signer) Verify(token, audience string, r Request) (Assertion, error) {
	a, err := s.Read(token, audience)
	if err == nil {
		err = s.Accept(a, r)
	}
	if err != nil {
		return Assertion{}, err
	}
	return a, nil
}

// Read checks signature, audience and expiry of a header value, which can be done
// before the body is there. Nothing may be done for the request before Accept. Every
// failure is ErrAssertion.
func (s *Signer) Read(token, audience string) (Assertion, error) {
	body, sig, ok := bytes.Cut([]byte(token), []byte{'.'})
	if !ok {
		return Assertion{}, fmt.Errorf("%w: malformed", ErrAssertion)
	}
	got, err := decodeStrict(sig)
	if err != nil || !s.isSignedBy(body, got) {
		return Assertion{}, fmt.Errorf("%w: bad signature", ErrAssertion)
	}
	var a Assertion
	raw, err := decodeStrict(body)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	switch {
	case err != nil:
		return Assertion{}, fmt.Errorf("%w: malformed", ErrAssertion)
	case a.Audience != audience:
		return Assertion{}, fmt.Errorf("%w: for %q, not %q", ErrAssertion, a.Audience, audience)
	}
	if err := s.checkExpiry(a); err != nil {
		return Assertion{}, err
	}
	return a, nil
}

// checkExpiry checks that the assertion is neither expired nor from the future.
func (s *Signer) checkExpiry(a Assertion) error {
	now, expires := s.now(), time.Unix(a.Expires, 0)
	if now.After(expires) || expires.After(now.Add(AssertionTTL+skew)) {
		return fmt.Errorf("%w: expired or from the future", ErrAssertion)
	}
	return nil
}

// Accept checks that an assertion of Read was made for the request, and that it was not
// accepted before: of all Accepts of one assertion a single one succeeds. Every failure
// is ErrAssertion, the second use ErrUsed.
func (s *Signer) Accept(a Assertion, r Request) error {
	if a.Digest == "" {
		if s.unbound {
			return nil
		}
		return fmt.Errorf("%w: for no request in particular, as before 2026-11-28: see INTERNAL_ASSERTIONS", ErrAssertion)
	}
	d, _ := drafts.Get().(*draft)
	same := string(d.hashRequest(r)) == a.Digest
	drafts.Put(d)
	if !same {
		return fmt.Errorf("%w: for another request", ErrAssertion)
	}
	if err := s.checkExpiry(a); err != nil { // the body may have taken its time
		return err
	}
	if !s.used.claimNonce(a.Nonce, a.Expires) {
		return ErrUsed
	}
	return nil
}

// isSignedBy reports whether one of the keys has made the signature.
func (s *Signer) isSignedBy(body, signature []byte) bool {
	for _, key := range s.keys {
		if mac := key.computeMAC(body); hmac.Equal(signature, mac[:]) {
			return true
		}
	}
	return false
}

// macKey is a key with what was computed from it once: every request between processes
// is signed.
type macKey struct{ ready sync.Pool }

func newMACKey(key []byte) *macKey {
	return &macKey{ready: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (k *macKey) computeMAC(data []byte) (sum [sha256.Size]byte) {
	h, _ := k.ready.Get().(hash.Hash)
	defer k.ready.Put(h)
	h.Reset()
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

package openid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// hostile is a provider that answers as a test wants it to.
type hostile struct {
	*httptest.Server

	t   *testing.T
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	metadata map[string]any // what it says of itself, over the usual
	claims   jwt.MapClaims  // of the next ID token, over the usual
	header   map[string]any // likewise
	sign     func(*jwt.Token) string
	token    func(w http.ResponseWriter, r *http.Request) bool // answers for the token endpoint when it returns true
	info     map[string]any
	asked    map[string]int // requests by path
	form     map[string]string
}

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newHostile(t *testing.T) *hostile {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{t: t, key: key, asked: map[string]int{}, form: map[string]string{}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	h.sign = h.es256
	return h
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[r.URL.Path]++
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		says := map[string]any{
			"issuer": h.URL, "authorization_endpoint": h.URL + "/auth", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/keys",
			"userinfo_endpoint": h.URL + "/info", "id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"},
		}
		for name, value := range h.metadata {
			says[name] = value
		}
		h.write(w, says)
	case "/keys":
		h.write(w, map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "alg": "ES256", "x": b64(h.key.X), "y": b64(h.key.Y),
		}}})
	case "/token":
		h.answer(w, r)
	case "/info":
		h.write(w, h.info)
	default:
		http.NotFound(w, r)
	}
}

func (h *hostile) answer(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	for name := range r.PostForm {
		h.form[name] = r.PostForm.Get(name)
	}
	if h.token != nil && h.token(w, r) {
		return
	}
	claims := jwt.MapClaims{
		"iss": h.URL, "aud": "souk", "sub": "subject-1", "nonce": "nonce", "iat": moment.Unix(), "exp": moment.Add(time.Minute).Unix(),
		"email": "ada@example.com", "email_verified": true, "given_name": "Ada", "family_name": "Lovelace",
	}
	for name, value := range h.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "k"
	for name, value := range h.header {
		token.Header[name] = value
	}
	h.write(w, map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": h.sign(token)})
}

func (h *hostile) es256(token *jwt.Token) string {
	signed, err := token.SignedString(h.key)
	if err != nil {
		h.t.Error(err)
	}
	return signed
}

func (h *hostile) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		h.t.Error(err)
	}
}

func b64(n *big.Int) string {
	return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, 32)))
}

// challenge is the S256 challenge of a verifier (RFC 7636).
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

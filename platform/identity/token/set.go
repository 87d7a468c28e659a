package token

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Set is the public keys that verify, by their kid.
type Set map[string]ed25519.PublicKey

// Public is the public half of a key.
func Public(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// KeyID is the thumbprint of a key (RFC 7638, RFC 8037 appendix A.3): two keys never
// share one, and nobody chooses it.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// jwk is one key of a key set (RFC 7517, RFC 8037).
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

type jwks struct {
	Keys []jwk `json:"keys"`
}

// EncodeSet writes public keys as a JSON Web Key Set (RFC 7517), in the order given.
func EncodeSet(keys ...ed25519.PublicKey) ([]byte, error) {
	out := jwks{Keys: []jwk{}}
	for _, key := range keys {
		out.Keys = append(out.Keys, jwk{
			Kty: "OKP", Crv: "Ed25519", X: base64.RawURLEncoding.EncodeToString(key),
			Kid: KeyID(key), Use: "sig", Alg: algorithm.Alg(),
		})
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode key set: %w", err)
	}
	return encoded, nil
}

// ParseSet reads a JSON Web Key Set. Keys of other kinds are passed over, as RFC 7517
// section 5 demands; a set without a usable key, and a key whose kid is not its KeyID,
// are errors.
func ParseSet(encoded []byte) (Set, error) {
	var in jwks
	if err := json.Unmarshal(encoded, &in); err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	set := Set{}
	for _, k := range in.Keys {
		if k.Kty != "OKP" || k.Crv != "Ed25519" || k.Alg != "" && k.Alg != algorithm.Alg() || k.Use != "" && k.Use != "sig" {
			continue
		}
		key, err := base64.RawURLEncoding.Strict().DecodeString(k.X)
		if err != nil || len(key) != ed25519.PublicKeySize || KeyID(key) != k.Kid {
			return nil, fmt.Errorf("read key set: key %.64q is damaged", k.Kid)
		}
		set[k.Kid] = key
	}
	if len(set) == 0 {
		return nil, errors.New("read key set: no Ed25519 key in it")
	}
	return set, nil
}

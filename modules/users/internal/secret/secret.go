// Package secret holds what the module hashes, derives and seals with, and makes the
// tokens that people and programs carry. It knows no database.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// Key is the secret of one shop. Codes are hashed with it, and refresh tokens follow
// from it: whoever has the tables and not the key has neither.
type Key []byte

// NewKey makes a key of 256 random bits.
func NewKey() Key {
	key := make(Key, sha256.Size)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return key
}

// Derive derives 256 bits for one use of the key. Equal parts give equal bits.
func (k Key) Derive(use string, parts ...string) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(use))
	for _, part := range parts {
		h.Write([]byte{0})
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// Hash is Derive in hexadecimal digits, as a column keeps it.
func (k Key) Hash(use string, parts ...string) string {
	return hex.EncodeToString(k.Derive(use, parts...))
}

// Seal encrypts a text for the database, bound to its account: a copied row is of no
// use to another.
func (k Key) Seal(accountID, text string) (string, error) {
	box, err := k.newCipher()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(text), []byte(accountID))), nil
}

// Unseal decrypts what Seal has made for the same account. Any other text is an error.
func (k Key) Unseal(accountID, sealed string) (string, error) {
	box, err := k.newCipher()
	if err != nil {
		return "", err
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < box.NonceSize() {
		return "", errors.New("unseal secret: damaged")
	}
	text, err := box.Open(nil, raw[:box.NonceSize()], raw[box.NonceSize():], []byte(accountID))
	if err != nil {
		return "", fmt.Errorf("unseal secret: %w", err)
	}
	return string(text), nil
}

func (k Key) newCipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Derive("seal"))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return box, nil
}

// NewToken makes a token of 256 random bits behind a prefix, by which scanners of
// leaked secrets recognise it.
func NewToken(prefix string) string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	return prefix + base64.RawURLEncoding.EncodeToString(raw[:])
}

// HashToken is what is kept of a token, whose 256 random bits need no salt.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

package service

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// sealSecret encrypts a secret for the database, bound to its account: a copied row is
// of no use to another.
func (s *Service) sealSecret(accountID, secret string) (string, error) {
	box, err := s.secretCipher()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(secret), []byte(accountID))), nil
}

func (s *Service) unsealSecret(accountID, sealed string) (string, error) {
	box, err := s.secretCipher()
	if err != nil {
		return "", err
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < box.NonceSize() {
		return "", errors.New("unseal secret: damaged")
	}
	secret, err := box.Open(nil, raw[:box.NonceSize()], raw[box.NonceSize():], []byte(accountID))
	if err != nil {
		return "", fmt.Errorf("unseal secret: %w", err)
	}
	return string(secret), nil
}

func (s *Service) secretCipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(deriveMAC(s.ring.secret, "seal"))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return box, nil
}

package idempotency

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"net/http"

	"app/platform/operation"
)

// sealedReply is what is stored of a reply. Replies hold secrets, such as the credential
// of a guest, that the rest of the database keeps as hashes only; so they are sealed
// with a key made of the caller and the idempotency key.
type sealedReply struct {
	Header http.Header `json:"h"`
	Body   []byte      `json:"b"`
}

// encryptReply encrypts with AES-256-GCM under a random nonce, bound to the row.
func encryptReply(secret []byte, id string, r operation.StoredReply) ([]byte, error) {
	aead, err := newReplyCipher(secret)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(sealedReply{r.Header, r.Body})
	if err != nil {
		return nil, fmt.Errorf("encode stored reply: %w", err)
	}
	return aead.Seal(nil, nil, plain, []byte(id)), nil
}

func decryptReply(secret []byte, row keyRow) (*operation.StoredReply, error) {
	aead, err := newReplyCipher(secret)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, row.reply, []byte(row.id))
	if err != nil {
		return nil, fmt.Errorf("open stored reply: %w", err)
	}
	var r sealedReply
	if err := json.Unmarshal(plain, &r); err != nil {
		return nil, fmt.Errorf("decode stored reply: %w", err)
	}
	return &operation.StoredReply{Status: row.status, Header: r.Header, Body: r.Body}, nil
}

func newReplyCipher(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("seal reply: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal reply: %w", err)
	}
	return aead, nil
}

package httpserver

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"net/http"
)

// storedReply is what a repetition gets. Replies hold secrets, such as the token of a
// guest's cart, that the rest of the database keeps as hashes only; so they are sealed
// with a key made of the caller's scope and idempotency key.
type storedReply struct {
	status int
	Header http.Header `json:"h"`
	Body   []byte      `json:"b"`
}

// keptHeaders are those of a reply that belong to its content; request id, rate limits
// and dates are the repetition's own.
func keptHeaders(header http.Header) http.Header {
	out := http.Header{}
	for _, name := range []string{"Content-Type", "Location", "Etag"} {
		if values := header[name]; len(values) > 0 {
			out[name] = values
		}
	}
	return out
}

// encryptReply encrypts with AES-256-GCM under a random nonce, bound to the row.
func encryptReply(secret []byte, id string, r storedReply) ([]byte, error) {
	aead, err := newReplyCipher(secret)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode stored reply: %w", err)
	}
	return aead.Seal(nil, nil, plain, []byte(id)), nil
}

func decryptReply(secret []byte, row keyRow) (*storedReply, error) {
	aead, err := newReplyCipher(secret)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, row.reply, []byte(row.id))
	if err != nil {
		return nil, fmt.Errorf("open stored reply: %w", err)
	}
	r := &storedReply{status: row.status}
	if err := json.Unmarshal(plain, r); err != nil {
		return nil, fmt.Errorf("decode stored reply: %w", err)
	}
	return r, nil
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

// replayStoredReply sends the stored reply.
func (c *call) replayStoredReply() {
	header := c.w.Header()
	for name, values := range c.stored.Header {
		header[name] = values
	}
	header.Set(replayedHeader, "true")
	c.status = c.stored.status
	c.out.Reset()
	c.out.Write(c.stored.Body)
	c.sendReply()
}

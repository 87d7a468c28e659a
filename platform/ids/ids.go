// Package ids makes and checks the public identifiers: a prefix that names the kind and
// a UUIDv7 (RFC 9562) in 26 characters of Crockford base 32, as in
// "ord_01kan4v6e8fx2s1gq0vj5t3x7c". They sort by time of creation.
package ids

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"app/platform/callctx"
)

const (
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	length   = 26
)

// New makes a fresh id of the given kind. Ids made in the same millisecond are in no
// order.
func New(prefix string, now time.Time) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // crypto/rand.Read never fails since Go 1.24
	return prefix + "_" + encodeBase32(layoutUUIDv7(now, random))
}

// For makes an id for what a request creates. When the request carries an idempotency
// key the id follows from the key and the kind, so that a repetition of the request
// meets its first effect instead of making a second. A request that creates several
// things of one kind tells them apart by the parts.
func For(ctx context.Context, prefix string, now time.Time, parts ...string) string {
	k, ok := callctx.IdempotencyOf(ctx)
	if !ok {
		return New(prefix, now)
	}
	return Derive(prefix, k.At, append([]string{k.Key}, parts...)...)
}

// Derive makes the id that the time and the seed always give.
func Derive(prefix string, at time.Time, seed ...string) string {
	h := sha256.New()
	h.Write([]byte(prefix))
	for _, s := range seed {
		h.Write([]byte{0})
		h.Write([]byte(s))
	}
	var random [10]byte
	copy(random[:], h.Sum(nil))
	return prefix + "_" + encodeBase32(layoutUUIDv7(at, random))
}

// Event makes the id of an event: a UUIDv7 in the usual 36 characters.
func Event(now time.Time) string {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return uuid.UUID(layoutUUIDv7(now, random)).String()
}

// Valid reports whether id is well formed and of the given kind.
func Valid(prefix, id string) bool {
	n := len(prefix)
	if len(id) != n+1+length || id[:n] != prefix || id[n] != '_' || id[n+1] > '7' {
		return false
	}
	for i := n + 1; i < len(id); i++ {
		c := id[i]
		digit, letter := c >= '0' && c <= '9', c >= 'a' && c <= 'z' && c != 'i' && c != 'l' && c != 'o' && c != 'u'
		if !digit && !letter {
			return false
		}
	}
	return true
}

// layoutUUIDv7 puts 48 bits of milliseconds and 74 bits of randomness where RFC 9562
// section 5.7 wants them.
func layoutUUIDv7(at time.Time, random [10]byte) (u [16]byte) {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(u[:6], ms[2:])
	copy(u[6:], random[:])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// encodeBase32 writes 128 bits as 26 characters of 5 bits, the first of which holds
// only 3.
func encodeBase32(u [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	var out [length]byte
	for i := length - 1; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

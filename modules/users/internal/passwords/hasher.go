package passwords

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"app/platform/fault"
	"app/platform/text"
)

// Params are the cost of argon2id (RFC 9106).
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// Recommended is the OWASP minimum: 19 MiB, two passes, one lane; about 23 ms of one
// core.
var Recommended = Params{Memory: 19 * 1024, Time: 2, Threads: 1}

const (
	saltBytes = 16
	sumBytes  = 32
	// quiet is how long nothing is hashed before the memory is given back: longer than
	// the pauses of a busy shop.
	quiet = 5 * time.Second
	// queuePerSlot bounds how many hashes wait for one core: more would be answered too
	// late to be of use.
	queuePerSlot = 64
)

// Hasher computes password hashes, so many at a time that the rest of the process keeps
// a core, and so many waiting that the last is still served within seconds. Safe for
// concurrent use.
type Hasher struct {
	params Params
	slots  chan struct{}
	queue  int64

	waiting    atomic.Int64
	operations atomic.Int64
	kibibytes  atomic.Int64 // times passes, of argon2id
	rounds     atomic.Int64 // of bcrypt
	rest       *time.Timer  // nil when nobody wants to know
}

// NewHasher makes a hasher. It computes nothing: memory is taken while a hash runs, and
// only then. onQuiet, when not nil, is called in a goroutine of its own five seconds
// after the last hash: time to give the memory back to the system, which the runtime
// does in its own time only, and which would be too dear after each.
func NewHasher(p Params, onQuiet func()) *Hasher {
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	h := &Hasher{params: p, slots: make(chan struct{}, slots), queue: int64(slots * queuePerSlot)}
	if onQuiet != nil {
		h.rest = time.AfterFunc(quiet, onQuiet)
		h.rest.Stop()
	}
	return h
}

// Operations counts the hashes computed, of any kind.
func (h *Hasher) Operations() int64 { return h.operations.Load() }

// Hash makes the stored form (PHC string format) of a new password under a random salt.
// Errors: a fault Unavailable when too many are waiting, the context's when it ends
// first.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	leave, err := h.acquireSlot(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return phc{h.params, salt, h.argon2Sum(h.params, text.OpaqueString(password), salt, sumBytes)}.String(), nil
}

// Verdict is what a check found.
type Verdict struct {
	Match bool
	// Outdated means that the password matches and should be hashed anew: the stored
	// hash is of another kind or cost.
	Outdated bool
}

// Check compares a password with the stored form: one of ours, or a bcrypt hash brought
// from elsewhere. A stored form that is empty or damaged matches nothing and costs what
// any other does, so that time does not tell who has an account. Errors as for Hash.
//
// Passwords are hashed in the form of text.OpaqueString (RFC 8265). Hashes made before
// that, or elsewhere, are of the bytes that were typed, so those are tried too where
// they differ: that costs a second hash, for every account alike.
func (h *Hasher) Check(ctx context.Context, stored, password string) (Verdict, error) {
	leave, err := h.acquireSlot(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer leave()
	for i, form := range passwordForms(password) {
		if verdict := h.compareHash(stored, form); verdict.Match {
			verdict.Outdated = verdict.Outdated || i > 0
			return verdict, nil
		}
	}
	return Verdict{}, nil
}

func (h *Hasher) argon2Sum(p Params, password string, salt []byte, length uint32) []byte {
	h.operations.Add(1)
	h.kibibytes.Add(int64(p.Memory) * int64(p.Time))
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, length)
}

// acquireSlot waits for a slot; leave gives it back.
func (h *Hasher) acquireSlot(ctx context.Context) (leave func(), err error) {
	leave = h.releaseSlot
	select {
	case h.slots <- struct{}{}:
		return leave, nil
	default:
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > h.queue {
		busy := fault.New(fault.Unavailable, "unavailable", "").Because(errors.New("too many passwords to check"))
		busy.RetryAfter = time.Second
		return nil, busy
	}
	select {
	case h.slots <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err() //nolint:wrapcheck // its meaning is the verdict
	}
}

func (h *Hasher) releaseSlot() {
	if h.rest != nil {
		h.rest.Reset(quiet)
	}
	<-h.slots
}

package httpserver

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotent-Replayed"

	// maxKey bounds a key in bytes, minGuestKey one of a caller whom nothing but the
	// key tells from others.
	maxKey      = 255
	minGuestKey = 16

	// keepKeys is how long a reply is kept, as the documents promise.
	keepKeys = 48 * time.Hour
	// sweepEach is how many claims go by before old rows are looked for: two go for
	// each that comes.
	sweepEach = 50
)

// keyring keeps idempotency keys in the module's database
// (draft-ietf-httpapi-idempotency-key-header): a request with a key runs once, and its
// repetitions get the stored reply. The business effect and the reply are two commits,
// so a crash between them leaves a row in flight; whoever repeats the request then runs
// it again under the same key and time, and ids.For makes it meet its first effect.
type keyring struct {
	db     *database.DB
	logger *slog.Logger
	now    func() time.Time
	lease  time.Duration
	claims atomic.Int64
}

// takeKey reads the header. A key of a guest whom nothing tells from others has to be
// long enough not to be met by chance: a short one is as good as none.
func (e *endpoint) takeKey(c *call) error {
	if e.op.Idempotency == KeyNone {
		return nil
	}
	values := c.r.Header[keyHeader]
	if len(values) == 0 {
		if e.op.Idempotency == KeyRequired {
			return keyProblem("idempotency_key_missing", "This operation needs the header Idempotency-Key.")
		}
		return nil
	}
	if len(values) > 1 || !isValidKey(values[0]) {
		return keyProblem("idempotency_key_invalid", "A key has 1 to 255 visible ASCII characters and is sent once.")
	}
	known, _ := scopeOf(c)
	switch {
	case known || len(values[0]) >= minGuestKey:
		c.key = values[0]
	case e.op.Idempotency == KeyRequired:
		return keyProblem("idempotency_key_invalid", "Without an account or Cart-Token a key needs 16 characters or more, made at random.")
	}
	return nil
}

func keyProblem(code, detail string) *Problem {
	return NewProblem(http.StatusBadRequest, code, detail, ProblemField{"/" + keyHeader, detail})
}

func isValidKey(key string) bool {
	for i := 0; i < len(key); i++ {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return len(key) > 0 && len(key) <= maxKey
}

// scopeOf tells whose key it is, so that nobody gets another's reply. known is false
// for guests without a cart.
func scopeOf(c *call) (known bool, scope []string) {
	p := identity.FromContext(c.ctx)
	cart := c.r.Header.Get("Cart-Token")
	switch {
	case p.SignedIn():
		return true, []string{"principal", p.UserID, p.Merchant}
	case cart != "":
		return true, []string{"cart", cart}
	}
	return false, []string{"guest", c.r.Header.Get(ClientHeader)}
}

// hashParts hashes parts of any length without ambiguity.
func hashParts(parts ...string) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// claimKey takes the key of a call whose input is valid. It returns the context for the
// handler, or what to answer instead: errReplayed when the reply is there already.
func claimKey(ctx context.Context) (context.Context, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok || c.key == "" {
		return ctx, nil
	}
	k := c.e.api.keys
	if k.db == nil {
		return nil, fault.New(fault.Unavailable, "unavailable", "").Because(errors.New("idempotency keys: the API has no database"))
	}
	return k.claimKey(ctx, c)
}

var errReplayed = errors.New("answered by the stored reply")

func (k *keyring) claimKey(ctx context.Context, c *call) (context.Context, error) {
	_, scope := scopeOf(c)
	full := slices.Concat(scope, []string{c.e.op.Method, c.e.op.Path, c.key})
	want := keyRow{
		id: hex.EncodeToString(hashParts(full...)),
		// Salted with the key, which the database does not have: a body may hold a
		// password, which a plain hash would give away.
		fingerprint: hex.EncodeToString(hashParts(append(slices.Clip(full), "request", c.r.URL.EscapedPath(), c.r.URL.RawQuery, c.in.String())...)),
		holder:      rand.Text(),
		createdAt:   k.now(),
	}
	want.leaseUntil = want.createdAt.Add(k.lease)
	// Made of the key, which the database does not have: who reads the table reads no
	// replies.
	secret := hashParts(append(slices.Clip(full), "reply")...)
	row, err := k.acquireKey(ctx, want)
	switch {
	case err != nil:
		return nil, fmt.Errorf("take idempotency key: %w", err)
	case row.fingerprint != want.fingerprint:
		return nil, NewProblem(http.StatusUnprocessableEntity, "idempotency_key_reused",
			"The key belongs to another request.", ProblemField{"/" + keyHeader, "was used for another request"})
	case row.state == stateDone:
		if c.stored, err = decryptReply(secret, row); err != nil {
			return nil, err
		}
		return nil, errReplayed
	case row.holder != want.holder:
		p := NewProblem(http.StatusConflict, "idempotency_in_flight", "The first request with this key is still running.")
		p.retryAfter = time.Second
		return nil, p
	}
	c.claim = k.keepLease(row, secret)
	// The time of the row, not of this attempt: a repetition has to make the same ids.
	return callctx.WithIdempotency(ctx, callctx.Idempotency{Key: row.id, At: row.createdAt}), nil
}

// acquireKey tries again when another request made the row at the same moment: then
// there is one to look at. When each time that request has let go of it again before it
// could be looked at, the key is in other hands, as good as any: the row has no holder.
func (k *keyring) acquireKey(ctx context.Context, want keyRow) (row keyRow, err error) {
	want.createdAt = database.Time(database.Micros(want.createdAt)) // as it will be read back
	for range 3 {
		if row, err = acquireKeyRow(ctx, k.db, want); !database.IsDuplicate(err) {
			return row, err
		}
	}
	return keyRow{id: want.id, fingerprint: want.fingerprint, state: stateInFlight}, nil
}

// passingStatuses are refusals that say nothing of the request's effect: the same key
// may be used again once they are mended.
var passingStatuses = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout,
	http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	http.StatusUnprocessableEntity, http.StatusPreconditionRequired, http.StatusTooManyRequests,
}

// replyToStore is what a repetition would get, if it should, and what becomes of the
// key, a statement:
//
//   - a verdict is kept;
//   - what was refused before it had an effect, or lost a race to somebody else, leaves
//     no trace of the key;
//   - after a failure of our own, or without anybody to answer, nobody knows what was
//     done: a commit may have got through although its answer did not. The key is left
//     with its time, so that a repetition runs at once and meets its first effect.
func (c *call) replyToStore(err error) (r storedReply, then string) {
	if err == nil {
		r = storedReply{status: c.status, Header: keptHeaders(c.w.Header()), Body: c.out.Bytes()}
		if c.status >= http.StatusInternalServerError {
			return r, leaveKey
		}
		return r, finishKey
	}
	p := ProblemOf(err)
	switch {
	case p.Status >= http.StatusInternalServerError || p.Status == StatusClientClosedRequest:
		return storedReply{}, leaveKey
	case slices.Contains(passingStatuses, p.Status) || fault.From(err).Code == fault.Aborted:
		return storedReply{}, dropKey
	}
	p.RequestID = callctx.RequestID(c.ctx)
	return storedReply{status: p.Status, Header: http.Header{"Content-Type": {problemType}}, Body: p.encodeJSON()}, finishKey
}

func (k *keyring) expireOldKeys(ctx context.Context) {
	if k.claims.Add(1)%sweepEach != 0 {
		return
	}
	if err := deleteExpiredKeys(ctx, k.db, k.now().Add(-keepKeys)); err != nil {
		k.logger.WarnContext(ctx, "old idempotency keys not removed", "error", err)
	}
}

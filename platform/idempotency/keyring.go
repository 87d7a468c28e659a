// Package idempotency keeps the idempotency keys of a module's operations in the module's
// own database.
package idempotency

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/operation"
	"app/platform/problem"
)

const (
	// keepKeys is how long a reply is kept, as the documents promise.
	keepKeys = 48 * time.Hour
	// sweepEach is how many claims go by before old rows are looked for: two go for
	// each that comes.
	sweepEach = 50
)

// Options of a keyring. The zero value works.
type Options struct {
	// Logger gets what concerns the keys; failed requests are logged elsewhere.
	Logger *slog.Logger
	// Now is the clock.
	Now func() time.Time
	// Lease is how long a request may go without a sign of life before a repetition
	// takes over its work. Zero: 3 s.
	Lease time.Duration
}

// Keyring keeps idempotency keys in a database. The business effect and the reply are
// two commits, so a crash between them leaves a row in flight; whoever repeats the
// request then runs it again under the same key and time, and ids.For makes it meet its
// first effect.
type Keyring struct {
	db     *database.DB
	logger *slog.Logger
	now    func() time.Time
	lease  time.Duration
	claims atomic.Int64
}

var _ operation.Keys = (*Keyring)(nil)

// New makes a keyring on a database that has the tables of Migrations.
func New(db *database.DB, o Options) *Keyring {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	return &Keyring{db: db, logger: o.Logger, now: o.Now, lease: o.Lease}
}

// Claim implements operation.Keys.
func (k *Keyring) Claim(ctx context.Context, r operation.KeyedRequest) (operation.Claim, error) {
	full := slices.Concat(r.Owner, []string{r.Method, r.Route, r.Key})
	want := keyRow{
		id: hex.EncodeToString(hashParts(full...)),
		// Salted with the key, which the database does not have: a body may hold a
		// password, which a plain hash would give away.
		fingerprint: hex.EncodeToString(hashParts(append(slices.Clip(full), "request", r.Path, r.Query, r.Body)...)),
		holder:      rand.Text(),
		createdAt:   r.At,
		leaseUntil:  r.At.Add(k.lease),
	}
	// Made of the key, which the database does not have: who reads the table reads no
	// replies.
	secret := hashParts(append(slices.Clip(full), "reply")...)
	row, err := k.acquireKey(ctx, want)
	switch {
	case err != nil:
		return operation.Claim{}, fmt.Errorf("take idempotency key: %w", err)
	case row.fingerprint != want.fingerprint:
		return operation.Claim{}, problem.New(http.StatusUnprocessableEntity, "idempotency_key_reused",
			"The key belongs to another request.", problem.Field{Pointer: "/Idempotency-Key", Detail: "was used for another request"})
	case row.state == stateDone:
		reply, err := decryptReply(secret, row)
		return operation.Claim{Reply: reply}, err
	case row.holder != want.holder:
		return operation.Claim{}, errInFlight()
	}
	h := k.keepLease(row, secret, r.At)
	// The time of the row, not of this attempt: a repetition has to make the same ids.
	return operation.Claim{Idempotency: callctx.Idempotency{Key: row.id, At: row.createdAt}, Enter: h.enter, Settle: h.settle}, nil
}

// errInFlight is what a request gets while another one with its key is at work.
func errInFlight() error {
	return problem.New(http.StatusConflict, "idempotency_in_flight", "The first request with this key is still running.").WithRetryAfter(time.Second)
}

// acquireKey tries again when another request made the row at the same moment: then
// there is one to look at. When each time that request has let go of it again before it
// could be looked at, the key is in other hands, as good as any: the row has no holder.
func (k *Keyring) acquireKey(ctx context.Context, want keyRow) (row keyRow, err error) {
	want.createdAt = database.Time(database.Micros(want.createdAt)) // as it will be read back
	for range 3 {
		if row, err = acquireKeyRow(ctx, k.db, want); !database.IsDuplicate(err) {
			return row, err
		}
	}
	return keyRow{id: want.id, fingerprint: want.fingerprint, state: stateInFlight}, nil
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

func (k *Keyring) expireOldKeys(ctx context.Context) {
	if k.claims.Add(1)%sweepEach != 0 {
		return
	}
	if err := deleteExpiredKeys(ctx, k.db, k.now().Add(-keepKeys)); err != nil {
		k.logger.WarnContext(ctx, "old idempotency keys not removed", "error", err)
	}
}

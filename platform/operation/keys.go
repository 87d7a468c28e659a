package operation

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/problem"
)

// Keys keeps idempotency keys (draft-ietf-httpapi-idempotency-key-header): a request
// with a key runs once, and its repetitions get the reply of the first.
type Keys interface {
	// Claim takes the key for a request whose input is valid. Errors: a problem when
	// the key belongs to another request, or to one that is still running.
	Claim(ctx context.Context, r KeyedRequest) (Claim, error)
}

// KeyedRequest is a request with an idempotency key.
type KeyedRequest struct {
	// Key is the client's, Owner whose it is: nobody meets the key of another.
	Key   string
	Owner []string
	// Method and Route are those of the operation. With the owner they make the key one
	// of its own.
	Method, Route string
	// Path, Query and Body have to be the same again in a repetition.
	Path, Query, Body string
	// At is when the request came.
	At time.Time
}

// Claim is what became of a request for a key: a reply to send again, or the right to
// run the handler, which ends with Settle.
type Claim struct {
	// Reply is that of the first request, nil when there is none.
	Reply *StoredReply
	// Idempotency is what the handler makes its ids of, so that a repetition meets its
	// first effect.
	callctx.Idempotency
	// Enter makes the context that the handler runs in.
	Enter func(ctx context.Context) context.Context
	// Settle ends the claim with the reply and what becomes of the key. It outlives the
	// end of the context.
	Settle func(ctx context.Context, reply StoredReply, then Ending)
}

// StoredReply is the reply that a repetition gets.
type StoredReply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ending is what becomes of a key when its request has run.
type Ending int

// The endings.
const (
	// KeepReply keeps the reply: repetitions get it.
	KeepReply Ending = iota
	// DropKey leaves no trace of the key, after what was refused before it had an
	// effect, or lost a race to somebody else.
	DropKey
	// LeaveKey leaves the key with its time, so that a repetition runs at once and
	// meets its first effect. It is for failures of our own and for replies to nobody,
	// after which nobody knows what was done: a commit may have got through although
	// its answer did not.
	LeaveKey
)

var errReplayed = errors.New("answered by the stored reply")

// claimKey takes the key of a call whose input is valid. It returns the context for the
// handler, or what to answer instead: errReplayed when the reply is there already.
func claimKey(ctx context.Context) (context.Context, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok || c.key == "" {
		return ctx, nil
	}
	if c.e.api.keys == nil {
		return nil, fault.New(fault.Unavailable, "unavailable", "").Because(errors.New("idempotency keys: the API has nowhere to keep them"))
	}
	_, owner := ownerOf(c)
	claim, err := c.e.api.keys.Claim(ctx, KeyedRequest{
		Key: c.key, Owner: owner, Method: c.e.op.Method, Route: c.e.op.Path,
		Path: c.r.URL.EscapedPath(), Query: c.r.URL.RawQuery, Body: c.in.String(), At: c.e.api.now(),
	})
	switch {
	case err != nil:
		return nil, err //nolint:wrapcheck // the problem is what the client gets
	case claim.Reply != nil:
		c.stored = claim.Reply
		return nil, errReplayed
	}
	c.claim = &claim
	return claim.Enter(callctx.WithIdempotency(ctx, claim.Idempotency)), nil
}

// finishClaim ends the claim of a call, if it has one: the reply is stored, or the
// request may be repeated.
func (c *call) finishClaim(err error) {
	claim := c.claim
	if claim == nil {
		return
	}
	c.claim = nil
	reply, then := c.replyToStore(err)
	claim.Settle(c.ctx, reply, then)
}

// passingStatuses are refusals that say nothing of the request's effect: the same key
// may be used again once they are mended.
var passingStatuses = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout,
	http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	http.StatusUnprocessableEntity, http.StatusPreconditionRequired, http.StatusTooManyRequests,
}

// replyToStore is what a repetition would get, if it should, and what becomes of the
// key.
func (c *call) replyToStore(err error) (r StoredReply, then Ending) {
	if err == nil {
		r = StoredReply{Status: c.status, Header: keptHeaders(c.w.Header()), Body: c.out.Bytes()}
		if c.status >= http.StatusInternalServerError {
			return r, LeaveKey
		}
		return r, KeepReply
	}
	p := problem.Of(err)
	switch {
	case p.Status >= http.StatusInternalServerError || p.Status == problem.StatusClientClosedRequest:
		return StoredReply{}, LeaveKey
	case slices.Contains(passingStatuses, p.Status) || fault.From(err).Code == fault.Aborted:
		return StoredReply{}, DropKey
	}
	p.RequestID = callctx.RequestID(c.ctx)
	return StoredReply{Status: p.Status, Header: http.Header{"Content-Type": {problem.ContentType}}, Body: p.JSON()}, KeepReply
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

// replayStoredReply sends the stored reply.
func (c *call) replayStoredReply() {
	header := c.w.Header()
	for name, values := range c.stored.Header {
		header[name] = values
	}
	header.Set(replayedHeader, "true")
	c.status = c.stored.Status
	c.out.Reset()
	c.out.Write(c.stored.Body)
	c.sendReply()
}

package operation

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"app/platform/exchange"
	"app/platform/fault"
	"app/platform/httpheader"
	"app/platform/identity"
	"app/platform/problem"
)

// endpoint is one operation at work.
type endpoint struct {
	api    *API
	op     Operation
	params []string // of the path

	spec   *huma.Operation    // as Huma completed it
	invoke func(huma.Context) // decodes, calls the handler, encodes; nil for raw
	raw    http.Handler
	body   *huma.Schema // of the JSON body, nil without one
	query  map[string]queryRule
	header []string // declared ones
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w = Note(w, r, e.api.module, &e.op)
	ctx, cancel := exchange.Isolate(r, e.op.Timeout)
	defer cancel()
	if e.raw != nil {
		e.serveRaw(ctx, w, r)
		return
	}
	c := newCall(ctx, e, w, r)
	defer c.releaseBuffers()
	err := e.runOperation(c)
	switch {
	case errors.Is(err, errReplayed):
		c.removeOutputHeaders()
		c.replayStoredReply()
	case err == nil && c.failsIfMatch():
		c.removeOutputHeaders()
		problem.Write(w, r, fault.New(fault.VersionMismatch, "version_mismatch", "It has changed since you read it."))
	case err != nil:
		c.removeOutputHeaders()
		problem.Write(w, r, err)
	default:
		c.sendReply()
	}
}

// runOperation runs the operation and leaves its reply in c. A panic of the handler is
// an error here, so that whatever was claimed for the call is given back either way.
func (e *endpoint) runOperation(c *call) (err error) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { //nolint:errorlint // net/http compares in the same way
			c.finishClaim(http.ErrAbortHandler)
			panic(v)
		} else if v != nil {
			err = &problem.PanicError{Value: v, Stack: debug.Stack()}
		}
		err = inTime(c.ctx, err)
		c.finishClaim(err)
	}()
	if err := e.checkRequest(c); err != nil {
		return err
	}
	e.invoke(c)
	return c.err
}

// checkRequest refuses what the handler must not see, cheapest checks first; the body
// comes last.
func (e *endpoint) checkRequest(c *call) error {
	if err := e.op.Admit(identity.FromContext(c.ctx)); err != nil {
		return err
	}
	if err := checkCondition(c.r); err != nil {
		return err
	}
	if fields := e.checkParameters(c); len(fields) > 0 {
		return validationProblem(fields)
	}
	if err := e.takeKey(c); err != nil {
		return err
	}
	return e.takeBody(c)
}

func (e *endpoint) serveRaw(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if err := e.op.Admit(identity.FromContext(ctx)); err != nil {
		problem.Write(w, r, err)
		return
	}
	if err := errors.Join(checkCondition(r), plainBody(r)); err != nil {
		problem.Write(w, r, err)
		return
	}
	inner := exchange.Cross(ctx, r, e.op.Headers)
	for name, value := range mux.Vars(r) { // the fence keeps them out of the context
		inner.SetPathValue(name, value)
	}
	asText(inner, e.params)
	inner.Body = http.MaxBytesReader(w, r.Body, e.op.MaxBody)
	e.raw.ServeHTTP(w, inner)
}

// inTime gives an error its true reason when it came from a context that ended: drivers
// report that in words of their own.
func inTime(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var own *problem.Problem
	if errors.As(err, &own) || fault.From(err).Code != fault.Internal {
		return err
	}
	var panicked *problem.PanicError
	if errors.As(err, &panicked) {
		return err
	}
	return errors.Join(ctx.Err(), err)
}

// Note says which operation of which module a request is for: for its log line, its
// metrics and what caches may do with the reply (exchange.Note). Operations of an API do
// so themselves; the gateway has to, because it sees more of the request than a module
// in another process.
func Note(w http.ResponseWriter, r *http.Request, module string, op *Operation) http.ResponseWriter {
	return exchange.Note(w, module, op.Path, forCaches(op, r))
}

// forCaches reports whether the reply to a request may be for caches: the operation is
// open to everyone and only reads, and the request says in no header who is calling.
func forCaches(op *Operation, r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return op.Access == Public && reads && httpheader.Anonymous(r)
}

func validationProblem(fields []problem.Field) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, "validation_failed", "The request has invalid values.", fields...)
}

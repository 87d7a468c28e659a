package rpc

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc/internal/connections"
	"app/platform/rpc/internal/wire"
	"app/platform/rpc/rpcv1"
)

// newConnectClient is one method over Connect: HTTP/1.1, uncompressed (measured: HTTP/2
// and gzip cost small calls more than they give), and without redirects, which would
// repeat a call.
func (e *Edge) newConnectClient(method string) *connect.Client[encoded, encoded] {
	transport := http.RoundTripper(e.pool)
	if e.link != nil {
		transport = connections.Linked{Link: e.link, Next: e.pool}
	}
	doer := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return connect.NewClient[encoded, encoded](doer, e.baseURL+e.methodPath(method),
		connect.WithCodec(codec{}),
		connect.WithReadMaxBytes(MaxMessage),
		connect.WithAcceptCompression("gzip", nil, nil),
	)
}

// methodPath is where a method is found under Prefix.
func (e *Edge) methodPath(method string) string { return e.contract.Service + "/" + method }

func (c *Call[Req, Resp]) doRemote(ctx context.Context, in *Req) (*Resp, *refusal) {
	e := c.edge
	body, err := encodeMessage(in)
	if err != nil {
		return nil, e.unsentError(c.method.Name, requestFault(err))
	}
	request := connect.NewRequest(&encoded{bytes: body})
	if err := c.setCallHeaders(ctx, request.Header(), body); err != nil {
		return nil, e.unsentError(c.method.Name, fault.From(err))
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.rt.o.Timeout)
		defer cancel()
	}
	response, err := c.remote.CallUnary(ctx, request)
	if err != nil {
		return nil, e.remoteCallError(ctx, c.method.Name, err)
	}
	out, err := decodeMessage[Resp](response.Msg.bytes)
	if err != nil {
		return nil, e.remoteCallError(ctx, c.method.Name, err)
	}
	return out, nil
}

// setCallHeaders writes who calls whom on whose behalf, with an assertion that is good
// for this one attempt.
func (c *Call[Req, Resp]) setCallHeaders(ctx context.Context, h http.Header, body []byte) error {
	e := c.edge
	h.Set(moduleHeader, e.module)
	h.Set(contractHeader, e.contract.contractStamp())
	writeHeaders(ctx, h)
	token, err := e.rt.o.Signer.Sign(identity.Assertion{
		Caller: e.caller, Audience: e.module, RequestID: callctx.RequestID(ctx), Principal: identity.FromContext(ctx),
	}, identity.Request{Method: http.MethodPost, Target: c.target, Header: h, Body: body})
	if err != nil {
		return err
	}
	h.Set(identity.AssertionHeader, token)
	return nil
}

// remoteCallError makes the caller's view of a failed remote call, and logs what no
// callee can have logged.
func (e *Edge) remoteCallError(ctx context.Context, method string, err error) *refusal {
	// A callee who believes that we have left, while we have not, tells of the
	// connection, which broke in one direction.
	if w := wireError(err); w != nil && w.GetReason() != reasonCallerLeft {
		if ours[w.GetReason()] {
			e.log.LogAttrs(ctx, slog.LevelError, "call refused by the other process", slog.String("url", e.baseURL),
				slog.String("method", method), slog.String("reason", w.GetReason()), slog.String("speaks", e.contract.contractStamp()),
				slog.String("other_speaks", headerOf(err, contractHeader)))
		}
		return &refusal{CallError: wire.CallError(e.module, method, w), answered: true}
	}
	code, reason := e.transportFault(ctx, err)
	if code != fault.Canceled {
		e.log.LogAttrs(ctx, slog.LevelWarn, "call did not get through", slog.String("method", method), slog.String("code", string(code)),
			slog.String("reason", reason), slog.String("request_id", callctx.RequestID(ctx)), slog.String("error", err.Error()))
	}
	return &refusal{CallError: &fault.CallError{Module: e.module, Method: method, Code: code, Reason: reason}, cause: err}
}

// ours are the reasons that point at how processes are put together, not at a request.
var ours = map[string]bool{
	reasonAssertion: true, reasonNotHosted: true, reasonMethodUnknown: true, reasonMismatch: true,
}

// wireError finds what the callee's guard answered in an error of Connect.
func wireError(err error) *rpcv1.Error {
	var failed *connect.Error
	if !errors.As(err, &failed) {
		return nil
	}
	for _, d := range failed.Details() {
		if v, err := d.Value(); err == nil {
			if w, isOurs := v.(*rpcv1.Error); isOurs {
				return w
			}
		}
	}
	return nil
}

// headerOf reads a header of the reply that an error was.
func headerOf(err error, name string) string {
	var failed *connect.Error
	if !errors.As(err, &failed) {
		return ""
	}
	return failed.Meta().Get(name)
}

// transportFault judges a failure that no guard has signed: of the network, of a proxy,
// or of a peer that speaks something else. Business codes are not believed from there.
func (e *Edge) transportFault(ctx context.Context, err error) (fault.Code, string) {
	if ended := ctx.Err(); ended != nil {
		v := fault.From(ended)
		return v.Code, v.Reason
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return fault.Unavailable, reasonModuleDown
	}
	if errors.Is(err, io.ErrUnexpectedEOF) { // the reply broke off
		return fault.Unavailable, reasonConnectionLost
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeCanceled: // for connect a reset by the peer is a call that was cancelled
		return fault.Unavailable, reasonConnectionLost
	case connect.CodeDeadlineExceeded:
		return fault.DeadlineExceeded, string(fault.DeadlineExceeded)
	case connect.CodeResourceExhausted:
		return fault.ResourceExhausted, reasonTooLarge
	default:
		return fault.Internal, "protocol_error"
	}
}

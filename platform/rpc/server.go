package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"connectrpc.com/connect"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc/internal/guard"
	"app/platform/rpc/internal/wire"
)

// Prefix is the path under which modules answer each other. The gateway never routes
// it.
const Prefix = "/rpc/"

// Handler serves the services under Prefix to callers that carry an assertion for the
// module they call. It panics when one module serves a contract twice, and without a
// Signer.
func (r *Runtime) Handler(services ...Service) http.Handler {
	if r.o.Signer == nil {
		panic("rpc: Handler without a signer")
	}
	s := &server{signer: r.o.Signer, log: r.o.Logger, refuse: connect.NewErrorWriter(), hosted: map[address]*hosted{}}
	for _, service := range services {
		key := address{module: service.Module, service: service.Contract.Service}
		if s.hosted[key] != nil {
			panic(fmt.Sprintf("rpc: module %s serves %s twice", key.module, key.service))
		}
		s.hosted[key] = r.hostService(service)
	}
	return s
}

// address is where a call goes: several modules may serve one contract.
type address struct{ module, service string }

type hosted struct {
	contract Contract
	methods  map[string]http.Handler
	service  Service
	guard    *guard.Guard
}

type server struct {
	signer *identity.Signer
	log    *slog.Logger
	refuse *connect.ErrorWriter
	hosted map[address]*hosted
}

// crossing is a request whose assertion has been read, until its body is there.
type crossing struct {
	*server
	r         *http.Request
	to        address
	assertion identity.Assertion
}

type crossingKey struct{}

// hostService makes the handlers of a service.
func (r *Runtime) hostService(s Service) *hosted {
	g := r.newGuard(&s, true)
	h := &hosted{contract: s.Contract, methods: map[string]http.Handler{}, service: s, guard: g}
	for i, m := range s.Contract.Methods {
		h.methods[m.Name] = connect.NewUnaryHandlerSimple("/"+s.Contract.Service+"/"+m.Name, serveRemote(g, m.Name, s.endpoints[i].wire),
			connect.WithCodec(codec{}), connect.WithReadMaxBytes(MaxMessage))
	}
	return h
}

// serveRemote is the remote twin of Call.doLocal: the same guard, with bytes for
// messages.
func serveRemote(g *guard.Guard, method string, answer wireFunc) func(context.Context, *encoded) (*encoded, error) {
	return func(ctx context.Context, in *encoded) (*encoded, error) {
		c, _ := ctx.Value(crossingKey{}).(*crossing)
		if refusal := c.verifyAssertion(in.bytes); refusal != nil {
			return nil, connectError(refusal)
		}
		out := new(encoded)
		failure := g.Run(ctx, readHeaders(c.r.Header, c.assertion), method, func(ctx context.Context) (err error) {
			out.bytes, err = answer(ctx, in.bytes)
			return err
		})
		switch {
		case failure == nil:
			return out, nil
		case failure.Code == fault.Canceled && errors.Is(ctx.Err(), context.Canceled):
			failure = fault.New(fault.Canceled, reasonCallerLeft, "")
		}
		return nil, connectError(failure)
	}
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service, method, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	to := address{module: r.Header.Get(moduleHeader), service: service}
	assertion, err := s.signer.Read(r.Header.Get(identity.AssertionHeader), to.module)
	if err != nil {
		v := fault.New(fault.Unauthenticated, reasonAssertion, "").Because(err)
		s.logRejected(r, to, slog.LevelWarn, v)
		s.rejectRequest(w, r, v)
		return
	}
	handler, speaks, refusal := s.findMethod(to, method, r.Header.Get(contractHeader))
	if refusal != nil {
		if speaks != "" {
			w.Header().Set(contractHeader, speaks) // so that the caller's log names both releases, too
		}
		s.logRejected(r, to, slog.LevelError, refusal)
		s.rejectRequest(w, r, refusal)
		return
	}
	if h := s.hosted[to]; !h.service.allowsCaller(assertion.Caller, method) {
		ctx := callctx.WithRequestID(r.Context(), assertion.RequestID)
		s.rejectRequest(w, r, h.guard.DenyCaller(ctx, assertion.Caller, method))
		return
	}
	ctx := context.WithValue(r.Context(), crossingKey{}, &crossing{server: s, r: r, to: to, assertion: assertion})
	handler.ServeHTTP(w, r.WithContext(ctx))
}

// verifyAssertion checks that the assertion is for this very request, and uses it up.
func (c *crossing) verifyAssertion(body []byte) *fault.Error {
	err := c.signer.Accept(c.assertion, identity.Request{Method: c.r.Method, Target: c.r.RequestURI, Header: c.r.Header, Body: body})
	if err == nil {
		return nil
	}
	v := fault.New(fault.Unauthenticated, reasonAssertion, "").Because(err)
	c.logRejected(c.r, c.to, slog.LevelWarn, v)
	return v
}

// findMethod looks a method up, and says clearly why it is not there: two releases may
// meet during an update. speaks is what this process has of the contract, if anything.
func (s *server) findMethod(to address, method, stamp string) (handler http.Handler, speaks string, refusal *fault.Error) {
	h := s.hosted[to]
	if h == nil {
		h = s.otherVersion(to)
	}
	if h == nil {
		return nil, "", fault.New(fault.Unimplemented, reasonNotHosted, "").
			Because(fmt.Errorf("module %q with %q is not in this process", to.module, to.service))
	}
	speaks = h.contract.contractStamp()
	if said, _, _ := strings.Cut(stamp, "/"); h.contract.Service != to.service || stamp != "" && said != to.service {
		return nil, speaks, fault.New(fault.FailedPrecondition, reasonMismatch, "").
			Because(fmt.Errorf("caller speaks %s, this process %s", cmp.Or(stamp, to.service), speaks))
	}
	if handler = h.methods[method]; handler == nil {
		return nil, speaks, fault.New(fault.Unimplemented, reasonMethodUnknown, "").
			Because(fmt.Errorf("method %q: caller speaks %s, this process %s", method, stamp, speaks))
	}
	return handler, speaks, nil
}

// otherVersion finds the module's service in another major version.
func (s *server) otherVersion(to address) *hosted {
	family := Contract{Service: to.service}.unversionedName()
	for at, h := range s.hosted {
		if at.module == to.module && h.contract.unversionedName() == family {
			return h
		}
	}
	return nil
}

// logRejected logs a request that reaches no module.
func (s *server) logRejected(r *http.Request, to address, level slog.Level, v *fault.Error) {
	s.log.LogAttrs(r.Context(), level, "call refused", slog.String("module", to.module), slog.String("path", r.URL.Path),
		slog.String("code", string(v.Code)), slog.String("reason", v.Reason), slog.Any("error", v.Unwrap()))
}

// rejectRequest answers a request that reaches no module.
func (s *server) rejectRequest(w http.ResponseWriter, r *http.Request, v *fault.Error) {
	_ = s.refuse.Write(w, r, connectError(v)) // the caller has gone: nobody is left to tell
}

// contractStamp is the value of the contract header: what a peer speaks, and which
// build of it.
func (c Contract) contractStamp() string { return c.Service + "/" + c.Fingerprint }

// connectError puts an error into Connect's terms. The error itself rides along as a
// detail, since Connect has fewer codes; the text is the reason.
func connectError(v *fault.Error) *connect.Error {
	w, _ := wire.FromError(v)
	e := connect.NewError(connectCode(v.Code), errors.New(w.GetReason()))
	if d, err := connect.NewErrorDetail(w); err == nil {
		e.AddDetail(d)
	}
	return e
}

func connectCode(c fault.Code) connect.Code {
	if c == fault.VersionMismatch {
		return connect.CodeFailedPrecondition
	}
	var code connect.Code
	if err := code.UnmarshalText([]byte(c)); err != nil {
		return connect.CodeInternal
	}
	return code
}

package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"

	"app/platform/callctx"
	"app/platform/host"
	"app/platform/identity"
	"app/platform/problem"
)

// Door is the gateway: it believes whoever says who they are in the header Demo-User.
type Door struct{ mux *http.ServeMux }

// Name implements lifecycle.Module.
func (*Door) Name() string { return "door" }

// Handler implements host.Gateway.
func (d *Door) Handler() http.Handler { return d.mux }

// Open implements host.Opener.
func (d *Door) Open(_ context.Context, env host.Env) error {
	d.mux = http.NewServeMux()
	d.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.New(http.StatusNotFound, "route_not_found", "There is no such path."))
	})
	d.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		document, err := env.OpenAPI()
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		_, _ = w.Write(document)
	})
	for _, route := range env.Routes {
		inner := route.Local
		if inner == nil {
			var err error
			if inner, err = newReverseProxy(route, env.Signer); err != nil {
				return err
			}
		}
		d.mux.Handle(route.Operation.Method+" "+route.Operation.Path, withDemoPrincipal(inner))
	}
	return nil
}

// withDemoPrincipal puts the principal where modules look for it.
func withDemoPrincipal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.WithCaller(r.Context(), "door")
		if user := r.Header.Get("Demo-User"); user != "" {
			ctx = identity.NewContext(ctx, identity.Principal{UserID: user, Method: identity.Bearer})
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func newReverseProxy(route host.Route, signer *identity.Signer) (http.Handler, error) {
	target, err := url.Parse(route.URL)
	if err != nil {
		return nil, fmt.Errorf("address of %s: %w", route.Module, err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Souk-Module", route.Module)
			r.Out.Header.Del("Demo-User")
		},
		Transport: vouching(func(r *http.Request, body []byte) (string, error) {
			return signer.Sign(identity.Assertion{
				Caller: "door", Audience: route.Module, RequestID: callctx.RequestID(r.Context()), Principal: identity.FromContext(r.Context()),
			}, identity.Request{Method: r.Method, Target: r.URL.RequestURI(), Header: r.Header, Body: body})
		}),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			w.Header().Set("Retry-After", "1")
			problem.Write(w, r, problem.New(http.StatusServiceUnavailable, "module_down", "The module is down."))
		},
	}, nil
}

// vouching is a transport that makes the assertion of each request.
type vouching func(r *http.Request, body []byte) (string, error)

// RoundTrip implements http.RoundTripper.
func (v vouching) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err //nolint:wrapcheck // a transport
		}
		_ = r.Body.Close() // as a transport has to
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	token, err := v(r, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set(identity.AssertionHeader, token)
	return http.DefaultTransport.RoundTrip(r) //nolint:wrapcheck // a transport
}

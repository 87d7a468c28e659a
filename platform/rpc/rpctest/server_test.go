package rpctest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
	"app/platform/rpc/rpcv1"
)

// endpoint is a process that serves the parity module.
type endpoint struct {
	*fake
	url      string
	logs     *logs
	executed bool
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{logs: &logs{}}
	e.fake = &fake{act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
		e.executed = true
		return &parityv1.ActResponse{}, nil
	}}
	r := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now), Logger: slog.New(slog.NewJSONHandler(e.logs, nil))})
	server := httptest.NewServer(r.Handler(serve(e.fake)))
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

// post sends an empty message and returns the status and the error.
func (e *endpoint) post(t *testing.T, path string, header map[string]string) (int, *rpcv1.Error) {
	t.Helper()
	return e.send(t, http.MethodPost, path, nil, header)
}

func (e *endpoint) send(t *testing.T, method, path string, message []byte, header map[string]string) (int, *rpcv1.Error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.url+path, bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/proto")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, errorIn(t, body)
}

// errorIn reads the detail of an error of the Connect protocol.
func errorIn(t *testing.T, body []byte) *rpcv1.Error {
	t.Helper()
	var failed struct{ Details []struct{ Value string } }
	failure := &rpcv1.Error{}
	if len(body) == 0 || body[0] != '{' {
		return failure
	}
	if err := json.Unmarshal(body, &failed); err != nil || len(failed.Details) != 1 {
		t.Fatalf("not an error of the Connect protocol: %s", body)
	}
	raw, err := base64.RawStdEncoding.DecodeString(failed.Details[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(raw, failure); err != nil {
		t.Fatal(err)
	}
	return failure
}

const actPath = "/rpc/souk.parity.v1.Parity/Act"

// act is the request that post makes.
func act() identity.Request { return identity.Request{Method: http.MethodPost, Target: actPath} }

func TestAssertion(t *testing.T) {
	t.Parallel()
	sign := func(t *testing.T, at time.Time, audience string) string {
		t.Helper()
		token, err := rpctest.Signer(t, func() time.Time { return at }).Sign(identity.Assertion{Caller: "orders", Audience: audience}, act())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	forger, err := identity.NewSigner(bytes.Repeat([]byte("f"), 32), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := forger.Sign(identity.Assertion{Caller: "orders", Audience: "parity"}, act())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cases := map[string]struct {
		token, module string
		ok            bool
	}{
		"OK":                {token: sign(t, now, "parity"), module: "parity", ok: true},
		"Missing":           {module: "parity"},
		"MissingAltogether": {},
		"WrongAudience":     {token: sign(t, now, "catalog"), module: "parity"},
		"OtherModule":       {token: sign(t, now, "parity"), module: "catalog"},
		"NoModule":          {token: sign(t, now, "parity")},
		"Expired":           {token: sign(t, now.Add(-identity.AssertionTTL-time.Second), "parity"), module: "parity"},
		"FromTheFuture":     {token: sign(t, now.Add(time.Minute), "parity"), module: "parity"},
		"Forged":            {token: forged, module: "parity"},
		"Garbage":           {token: "a.b", module: "parity"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t)
			status, failure := e.post(t, actPath, map[string]string{identity.AssertionHeader: tc.token, "Souk-Module": tc.module})
			if tc.ok {
				if status != http.StatusOK || !e.executed {
					t.Errorf("status %d, executed %v", status, e.executed)
				}
				return
			}
			if status != http.StatusUnauthorized || failure.GetReason() != "assertion_refused" || e.executed {
				t.Errorf("status %d, failure %v, executed %v", status, failure, e.executed)
			}
			if n := len(e.logs.with(t, "call refused")); n != 1 {
				t.Errorf("logged %d times", n)
			}
		})
	}
}

// Two releases that meet say clearly what does not fit.
func TestContracts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		path, module, contract string
		code                   fault.Code // empty: OK
		reason                 string
	}{
		"Same":           {path: actPath, contract: "souk.parity.v1.Parity/" + parityv1.ParityContract.Fingerprint},
		"OtherBuild":     {path: actPath, contract: "souk.parity.v1.Parity/000000000000"},
		"NotSaid":        {path: actPath},
		"OtherVersion":   {path: "/rpc/souk.parity.v2.Parity/Act", contract: "souk.parity.v2.Parity/0", code: fault.FailedPrecondition, reason: "contract_mismatch"},
		"SaysAnother":    {path: actPath, contract: "souk.parity.v2.Parity/0", code: fault.FailedPrecondition, reason: "contract_mismatch"},
		"UnknownMethod":  {path: "/rpc/souk.parity.v1.Parity/New", code: fault.Unimplemented, reason: "method_unknown"},
		"UnknownService": {path: "/rpc/souk.parity.v1.Other/Act", code: fault.Unimplemented, reason: "service_not_hosted"},
		"NotHosted":      {path: actPath, module: "catalog", code: fault.Unimplemented, reason: "service_not_hosted"},
		"NoPath":         {path: "/rpc/", code: fault.Unimplemented, reason: "service_not_hosted"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t)
			module := tc.module
			if module == "" {
				module = "parity"
			}
			token, err := rpctest.Signer(t, time.Now).Sign(identity.Assertion{Caller: "orders", Audience: module}, identity.Request{
				Method: http.MethodPost, Target: tc.path, Header: http.Header{"Souk-Contract": {tc.contract}},
			})
			if err != nil {
				t.Fatal(err)
			}
			_, failure := e.post(t, tc.path, map[string]string{
				identity.AssertionHeader: token, "Souk-Module": module, "Souk-Contract": tc.contract,
			})
			if failure.GetCode() != string(tc.code) || failure.GetReason() != tc.reason {
				t.Errorf("got %v, want %s %s", failure, tc.code, tc.reason)
			}
			if refused := len(e.logs.with(t, "call refused")) == 1; refused != (tc.code != "") || e.executed == refused {
				t.Errorf("executed %v, log %v", e.executed, e.logs.with(t, ""))
			}
		})
	}
}

// A peer of another major version is refused, and both sides' logs name both versions.
func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	e, here := newEndpoint(t), &logs{}
	caller := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now), Logger: slog.New(slog.NewJSONHandler(here, nil))})
	var client parityv1.ParityClient
	need := parityv1.NeedParity(&client)
	need.Contract.Service = "souk.parity.v2.Parity"
	if err := caller.BindRemote("orders", need, e.url); err != nil {
		t.Fatal(err)
	}
	_, err := client.Act(t.Context(), &parityv1.ActRequest{})
	wantCall(t, err, fault.CallError{Method: "Act", Code: fault.FailedPrecondition, Reason: "contract_mismatch"})
	ours, theirs := "souk.parity.v2.Parity/"+need.Contract.Fingerprint, "souk.parity.v1.Parity/"+parityv1.ParityContract.Fingerprint
	refusals := e.logs.with(t, "call refused")
	if want := "caller speaks " + ours + ", this process " + theirs; len(refusals) != 1 || refusals[0]["error"] != want {
		t.Errorf("the callee logged %v, want %q", refusals, want)
	}
	said := here.with(t, "call refused by the other process")
	if len(said) != 1 || said[0]["speaks"] != ours || said[0]["other_speaks"] != theirs {
		t.Errorf("the caller logged %v", said)
	}
	if e.executed {
		t.Error("it was executed")
	}
}

// A body that is no message of the contract is the sender's fault, as a string that is
// not UTF-8 is.
func TestBodyIsNoMessage(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t)
	token, err := rpctest.Signer(t, time.Now).Sign(identity.Assertion{Caller: "orders", Audience: "parity"}, identity.Request{
		Method: http.MethodPost, Target: actPath, Body: []byte{0xff},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url+actPath, bytes.NewReader([]byte{0xff}))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/proto"}, identity.AssertionHeader: {token}, "Souk-Module": {"parity"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := errorIn(t, body); got.GetCode() != "invalid_argument" || e.executed {
		t.Errorf("got %v, executed %v", got, e.executed)
	}
}

// Several modules may serve one contract, as all that subscribe to events do.
func TestForModule(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)})
		answering := func(name string) rpc.Service {
			return serve(&fake{act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
				return &parityv1.ActResponse{Text: name}, nil
			}}).ForModule(name)
		}
		emails, catalog := answering("emails"), answering("catalog")
		server := httptest.NewServer(r.Handler(emails, catalog))
		t.Cleanup(server.Close)
		for _, s := range []rpc.Service{emails, catalog} {
			var client parityv1.ParityClient
			d := parityv1.NeedParity(&client).ForModule(s.Module)
			err := r.BindLocal("orders", d, s)
			if way == rpctest.Remote {
				err = r.BindRemote("orders", d, server.URL)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.Act(context.Background(), &parityv1.ActRequest{})
			if err != nil || got.GetText() != s.Module {
				t.Errorf("asked %s, got %v, %v", s.Module, got, err)
			}
		}
	})
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	var client parityv1.ParityClient
	need := parityv1.NeedParity(&client)
	signed := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)})
	cases := map[string]error{
		"URLWithoutScheme": signed.BindRemote("orders", need, "catalog:8080"),
		"URLWithoutHost":   signed.BindRemote("orders", need, "http://"),
		"URLEmpty":         signed.BindRemote("orders", need, ""),
		"NoSigner":         rpc.NewRuntime(rpc.Options{}).BindRemote("orders", need, "http://127.0.0.1:1"),
		"OtherModule":      signed.BindLocal("orders", need, serve(&fake{}).ForModule("emails")),
		"OtherContract":    signed.BindLocal("orders", need, rpc.Serve(rpc.Contract{Module: "parity", Service: "souk.parity.v2.Parity"})),
	}
	for name, err := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err == nil {
				t.Error("bound")
			}
		})
	}
	if client != nil {
		t.Error("a refused binding filled the client")
	}
}

// A process may be asked before its module is open.
func TestModuleStarting(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		var client parityv1.ParityClient
		var open atomic.Pointer[fake]
		var asked atomic.Int64
		rpctest.Connect(t, way, rpc.Options{}, "orders", parityv1.NeedParity(&client), parityv1.ServeParity(func() parityv1.ParityHandler {
			asked.Add(1)
			return open.Load()
		}))
		_, err := client.Act(context.Background(), &parityv1.ActRequest{})
		wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Unavailable, Reason: "module_starting"})
		open.Store(&fake{act: func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			return &parityv1.ActResponse{}, nil
		}})
		for range 3 {
			if _, err := client.Act(context.Background(), &parityv1.ActRequest{}); err != nil {
				t.Errorf("after the start: %v", err)
			}
		}
		if asked.Load() != 2 {
			t.Errorf("asked for the handler %d times, want once before and once after the start", asked.Load())
		}
	})
}

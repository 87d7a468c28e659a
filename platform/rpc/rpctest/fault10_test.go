package rpctest_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

// An assertion that somebody got hold of opens nothing but the one request that it was
// made for, once.
func TestFault10_AnAssertionOpensNothingElse(t *testing.T) {
	t.Parallel()
	key := map[string]string{"Souk-Idempotency": "a2V5.1"}
	cases := map[string]struct {
		method, path string
		body         string
		header       map[string]string
		change       func(token string) string
		ok           bool
	}{
		"TheRequest":         {ok: true},
		"OtherPath":          {path: "/rpc/souk.parity.v1.Parity/Put"},
		"Query":              {path: actPath + "?connect=v1"},
		"PathWrittenOtherly": {path: "/rpc/souk.parity.v1.Parity/%41ct"},
		"OtherMethod":        {method: http.MethodPut},
		"OtherBody":          {body: "\x0a\x02no"},
		"OtherIdempotency":   {header: map[string]string{"Souk-Idempotency": "b3RoZXI.1"}},
		"NoIdempotency":      {header: map[string]string{"Souk-Idempotency": ""}},
		"OtherContract":      {header: map[string]string{"Souk-Idempotency": key["Souk-Idempotency"], "Souk-Contract": "souk.parity.v1.Parity/0"}},
		"OtherEndOfBase64":   {change: func(token string) string { return token[:len(token)-1] + next(token[len(token)-1]) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t)
			token, err := rpctest.Signer(t, time.Now).Sign(identity.Assertion{Caller: "orders", Audience: "parity"}, identity.Request{
				Method: http.MethodPost, Target: actPath, Body: []byte("\x0a\x02ok"), Header: http.Header{"Souk-Idempotency": {key["Souk-Idempotency"]}},
			})
			if err != nil {
				t.Fatal(err)
			}
			header := map[string]string{"Souk-Module": "parity", identity.AssertionHeader: token, "Souk-Idempotency": key["Souk-Idempotency"]}
			for name, value := range tc.header {
				header[name] = value
			}
			if tc.change != nil {
				header[identity.AssertionHeader] = tc.change(token)
			}
			status, failure := e.send(t, or(tc.method, http.MethodPost), or(tc.path, actPath), []byte(or(tc.body, "\x0a\x02ok")), header)
			if e.executed != tc.ok || (status == http.StatusOK) != tc.ok {
				t.Errorf("status %d, %v, executed %v", status, failure, e.executed)
			}
			if !tc.ok && tc.method == "" && (status != http.StatusUnauthorized || failure.GetReason() != "assertion_refused") {
				t.Errorf("status %d, %v", status, failure)
			}
		})
	}
}

// next is a character whose bits are the same where base64 counts them: 43 of them
// write 256 bits and two that mean nothing.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range alphabet {
		if alphabet[i] == c {
			return string(alphabet[i^1])
		}
	}
	return "="
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func TestFault10_AnAssertionIsGoodOnce(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t)
	token, err := rpctest.Signer(t, time.Now).Sign(identity.Assertion{Caller: "orders", Audience: "parity"}, act())
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{identity.AssertionHeader: token, "Souk-Module": "parity"}
	if status, failure := e.post(t, actPath, header); status != http.StatusOK {
		t.Fatalf("%d, %v", status, failure)
	}
	e.executed = false
	if status, failure := e.post(t, actPath, header); status != http.StatusUnauthorized || failure.GetReason() != "assertion_refused" || e.executed {
		t.Errorf("the second time: %d, %v, executed %v", status, failure, e.executed)
	}
}

// A module is answered when it has declared that it calls, and what.
func TestFault10_CallersAreDeclared(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		callers rpc.Callers
		ok      bool
	}{
		"Declared":          {rpc.Callers{"orders": nil}, true},
		"DeclaredByMethod":  {rpc.Callers{"orders": {"Put", "Act"}}, true},
		"NobodyHas":         {rpc.Callers{}, false},
		"AnotherModuleHas":  {rpc.Callers{"users": nil}, false},
		"ForAnotherMethod":  {rpc.Callers{"orders": {"Put"}}, false},
		"AnotherForTheCall": {rpc.Callers{"orders": {"Put"}, "users": {"Act"}}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRowFor(t, way, tc.callers)
				executed := false
				r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					executed = true
					return &parityv1.ActResponse{}, nil
				}
				_, err := r.client.Act(requestContext(), &parityv1.ActRequest{})
				if executed != tc.ok {
					t.Errorf("executed %v", executed)
				}
				if tc.ok {
					if err != nil {
						t.Error(err)
					}
					return
				}
				wantCall(t, err, fault.CallError{Method: "Act", Code: fault.PermissionDenied, Reason: "caller_not_declared"})
				lines := r.logs.with(t, "call refused")
				if len(lines) != 1 || lines[0]["caller"] != "orders" || lines[0]["method"] != "Act" || lines[0]["request_id"] != "req_1" {
					t.Errorf("logged %v", lines)
				}
			})
		})
	}
}

// What a module declares has to be there.
func TestOnlyMethodsOfTheContract(t *testing.T) {
	t.Parallel()
	r := rpc.NewRuntime(rpc.Options{Signer: rpctest.Signer(t, time.Now)})
	var client parityv1.ParityClient
	need := parityv1.NeedParity(&client).Only("Act", "Akt")
	if err := r.BindLocal("orders", need, serve(&fake{})); err == nil {
		t.Error("bound locally")
	}
	if err := r.BindRemote("orders", need, "http://127.0.0.1:1"); err == nil {
		t.Error("bound remotely")
	}
}

func TestCallersDeclare(t *testing.T) {
	t.Parallel()
	var client parityv1.ParityClient
	need := parityv1.NeedParity(&client)
	c := rpc.Callers{}
	c.Declare("orders", need.Only("Act"))
	c.Declare("orders", need.Only("Put"))
	if got := c["orders"]; len(got) != 2 {
		t.Errorf("two declarations: %v", got)
	}
	c.Declare("orders", need)
	c.Declare("orders", need.Only("Look"))
	if got, known := c["orders"]; !known || got != nil {
		t.Errorf("once all: %v", got)
	}
}

package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc"
	"app/platform/rpc/rpctest/parityv1"
)

// echo is a module that serves the Parity contract.
type echo struct {
	parityv1.ParityHandler // what this example does not call
}

func (echo) Look(ctx context.Context, r *parityv1.LookRequest) (*parityv1.LookResponse, error) {
	if r.GetText() == "" {
		return nil, fault.Missing("text")
	}
	return &parityv1.LookResponse{Text: identity.Caller(ctx) + " says " + r.GetText()}, nil
}

// One caller, one callee, bound in both ways. The caller's code is the same.
func Example() {
	var client parityv1.ParityClient // a field of the calling module
	dependency := parityv1.NeedParity(&client)
	service := parityv1.ServeParity(func() parityv1.ParityHandler { return echo{} })

	signer, err := identity.NewSigner(bytes.Repeat([]byte("k"), 32), time.Now)
	if err != nil {
		panic(err)
	}
	runtime := rpc.NewRuntime(rpc.Options{Signer: signer})
	defer runtime.Close()
	mux := http.NewServeMux()
	mux.Handle(rpc.Prefix, runtime.Handler(service))
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, bind := range []func() error{
		func() error { return runtime.BindLocal("orders", dependency, service) },
		func() error { return runtime.BindRemote("orders", dependency, server.URL) },
	} {
		if err := bind(); err != nil {
			panic(err)
		}
		response, err := client.Look(context.Background(), &parityv1.LookRequest{Text: "hello"})
		fmt.Println(response.GetText(), err)
		_, err = client.Look(context.Background(), &parityv1.LookRequest{})
		var call *fault.CallError
		fmt.Println(errors.As(err, &call), err)
	}
	// Output:
	// orders says hello <nil>
	// true call parity.Look: not_found (text_not_found)
	// orders says hello <nil>
	// true call parity.Look: not_found (text_not_found)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"app/e2e/harness/process"
	"app/platform/freeport"
)

// The bare server is the least that an HTTP server in Go can do: it answers every
// request with the same bytes. What it costs in the same rounds tells how much of a row
// is the machine, today, and how much is the shop.

// bareReply is as long as a product.
var bareReply = []byte(`{"id":"prd_01m7wfdfmdf70t97dnvpejcs5a","merchant_id":"mrc_01m7wfdfk0evhb1ek2d3whhpb4","title":"Product BENCH-0001",` +
	`"description":"A thing worth having.","sku":"BENCH-0001","price":{"amount":1990,"currency":"EUR"},"available":1000000000,` +
	`"created_at":"2026-01-01T12:00:00.000000Z"}`)

// serveBare is the bare server's process. It ends when ctx does.
func serveBare(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	s := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = w.Write(bareReply) // a client that has gone does not want it
	})}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	fmt.Println(readyText)
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// startBare runs the bare server on one core.
func (b *bench) startBare(ctx context.Context, core string) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(ctx, process.Options{Program: program, Args: []string{"-bare=" + address}, Dir: b.work, Core: core, Ready: readyText})
	if err != nil {
		return nil, err //nolint:wrapcheck // names the program
	}
	s := &server{Process: p, url: "http://" + address, address: address}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

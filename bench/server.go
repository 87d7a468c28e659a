package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"app/e2e/harness/process"
	"app/platform/freeport"
)

// startPatience is how long the shop may take to be ready before the run is given up.
const startPatience = 30 * time.Second

// readyText is what a server prints once it serves.
const readyText = "ready in "

// server is a process that answers requests: a shop, all modules in one process, unless
// said otherwise.
type server struct {
	*process.Process
	url, admin string
	address    string        // host:port of the url
	took       time.Duration // from the start of the process until /ready answered 200
}

// unreached are the limits that all load, which is one guest's, would meet: they are
// counted as ever, and never reached.
var unreached = map[string]string{
	"GATEWAY_RATE_DEFAULT": "1000000000", "GATEWAY_RATE_AUTH": "1000000000",
	"GATEWAY_RATE_CHECKOUT": "1000000000", "GATEWAY_RATE_WEBHOOK": "1000000000",
	"CATALOG_UNPAID_GUEST_ORDERS": "1000000", "CATALOG_UNPAID_GUEST_UNITS": "1000000000",
	"CATALOG_UNPAID_NETWORK_ORDERS": "1000000", "CATALOG_UNPAID_NETWORK_UNITS": "1000000000",
	"CATALOG_GUEST_SHARE": "100", "EMAILS_RECIPIENT_RATE": "1000000",
}

// environment is the whole environment of the program: its defaults, but for where it
// keeps its data and for limits that are never reached.
func (b *bench) environment(data string) []string {
	env := []string{"HOME=" + b.work, "DATA_DIR=" + data, "MERCHANTS_AUTO_APPROVE=true", "PAYMENTS_TEST=on"}
	for name, value := range unreached {
		env = append(env, name+"="+value)
	}
	return env
}

// serve starts the shop on a data folder and waits until it is ready. With a core it
// runs on that one only.
func (b *bench) serve(ctx context.Context, data, core string) (*server, error) {
	return b.launch(ctx, core, b.environment(data), "--all")
}

// launch starts a process of the shop that hosts the modules of a selection, and waits
// until it is ready.
func (b *bench) launch(ctx context.Context, cores string, environment []string, selection string) (*server, error) {
	public, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	admin, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(ctx, process.Options{
		Program: b.binary, Args: []string{"serve", selection}, Dir: b.work, Core: cores, Ready: readyText,
		Env: append(environment, "HTTP_ADDR="+public, "ADMIN_ADDR="+admin),
	})
	if err != nil {
		return nil, err
	}
	s := &server{Process: p, url: "http://" + public, address: public, admin: "http://" + admin}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// await waits for the program to say that it is ready, and asks it whether that is so.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	took, err := s.AwaitReady(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/ready", http.NoBody)
	if err != nil {
		return fmt.Errorf("ask whether it is ready: %w", err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask whether it is ready: %w", err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("it says it is ready, and /ready answers %d", reply.StatusCode)
	}
	s.took = took + time.Since(begun)
	return nil
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // somebody pressed Ctrl-C
	}
}

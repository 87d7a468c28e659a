// Command dex is a real OpenID provider for tests: Dex's server on a free loopback
// port, with people and a client that the test names on the standard input. It prints
// its issuer when it listens, and ends when its standard input does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"
)

// setup is the first JSON value on the standard input.
type setup struct {
	Listen   string // host:port; a free port when empty
	ClientID string
	Secret   string
	Redirect []string
	People   []struct{ ID, Name, Email, Password string }
}

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "dex:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	var s setup
	input := json.NewDecoder(in)
	if err := input.Decode(&s); err != nil {
		return fmt.Errorf("read setup: %w", err)
	}
	if s.Listen == "" {
		s.Listen = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	issuer := "http://" + listener.Addr().String()
	handler, err := provider(ctx, issuer, s)
	if err != nil {
		return err
	}
	go func() { _ = (&http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}).Serve(listener) }()
	if _, err := fmt.Fprintln(out, issuer); err != nil {
		return fmt.Errorf("tell issuer: %w", err)
	}
	_, err = io.Copy(io.Discard, in) // whoever started this holds the other end
	return err
}

func provider(ctx context.Context, issuer string, s setup) (http.Handler, error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	var people []storage.Password
	for _, p := range s.People {
		hash, err := bcrypt.GenerateFromPassword([]byte(p.Password), 10) // the least that Dex takes
		if err != nil {
			return nil, fmt.Errorf("hash password: %w", err)
		}
		people = append(people, storage.Password{Email: p.Email, Hash: hash, Username: p.Name, UserID: p.ID})
	}
	store := storage.WithStaticPasswords(memory.New(logger), people, logger)
	store = storage.WithStaticClients(store, []storage.Client{{ID: s.ClientID, Secret: s.Secret, RedirectURIs: s.Redirect, Name: "Souk"}})
	store = storage.WithStaticConnectors(store, []storage.Connector{{ID: server.LocalConnector, Type: server.LocalConnector, Name: "Password"}})
	dex, err := server.NewServer(ctx, server.Config{
		Issuer: issuer, Storage: store, SkipApprovalScreen: true, Logger: logger, PrometheusRegistry: prometheus.NewRegistry(),
		Web: server.WebConfig{Issuer: "Souk's tests"},
	})
	if err != nil {
		return nil, fmt.Errorf("start provider: %w", err)
	}
	return dex, nil
}

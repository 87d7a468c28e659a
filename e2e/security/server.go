package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"app/e2e/harness/process"
	"app/e2e/harness/shop"
	"app/platform/freeport"
)

// server is the shop under measurement.
type server struct {
	*process.Process
	binary, work string
	client       *shop.Client
	address      string
	where        string // it runs, for the report
}

// environment has every limit in place and none in reach.
func environment(work string) []string {
	const unreached = "1000000"
	env := []string{"HOME=" + work, "PATH=/usr/bin:/bin", "DATA_DIR=" + filepath.Join(work, "data"), "DEV_PAGES=on", "MERCHANTS_AUTO_APPROVE=on", "PAYMENTS_TEST=on", "LOG_LEVEL=warn", "USERS_LETTERS_PER_HOUR=1000", "USERS_LETTERS_PER_NETWORK=1000"}
	for _, name := range []string{
		"GATEWAY_RATE_DEFAULT", "GATEWAY_RATE_AUTH", "USERS_TRIES_DEVICE", "USERS_TRIES_PLACE", "USERS_TRIES_ACCOUNT", "USERS_TRIES_NETWORK",
		"EMAILS_RECIPIENT_RATE",
	} {
		env = append(env, name+"="+unreached)
	}
	return env
}

// start runs the shop, on a core of its own where there are several and the system can
// say so.
func start(ctx context.Context, work, binary string) (*server, error) {
	s := &server{binary: binary, work: work, where: "server and client share all cores"}
	core := ""
	if cores, err := process.Cores(); err == nil && len(cores) > 1 {
		if err := process.PinSelf(cores[1:]); err == nil {
			core, s.where = cores[0], "server on core "+cores[0]+" alone"
		}
	}
	var addresses [2]string
	var err error
	for i := range addresses {
		if addresses[i], err = freeport.Address(); err != nil {
			return nil, err
		}
	}
	s.address = addresses[0]
	s.client = &shop.Client{Base: "http://" + s.address, Patience: 30 * time.Second}
	s.Process, err = process.Start(ctx, process.Options{
		Program: binary, Args: []string{"serve", "--all"}, Dir: work, Core: core, Ready: "ready in ",
		Env: append(environment(work), "HTTP_ADDR="+s.address, "ADMIN_ADDR="+addresses[1]),
	})
	if err != nil {
		return nil, fmt.Errorf("start the shop: %w", err)
	}
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := s.AwaitReady(ready); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// populate makes the accounts.
func (s *server) populate(ctx context.Context) error {
	for _, email := range []string{known, disabled} {
		if _, err := s.client.SignUp(ctx, email); err != nil {
			return fmt.Errorf("sign up %s: %w", email, err)
		}
	}
	registration := operations[1].variants[3].body(0)
	if err := s.client.Call(ctx, 202, "POST", "/v1/auth/register", registration, nil); err != nil {
		return fmt.Errorf("register %s: %w", pending, err)
	}
	if _, err := s.client.AwaitLetter(ctx, pending, regexp.MustCompile(`\d{6}`)); err != nil {
		return fmt.Errorf("register %s: %w", pending, err)
	}
	cmd := exec.CommandContext(ctx, s.binary, "users", "disable", "--user", disabled)
	cmd.Dir, cmd.Env = s.work, environment(s.work)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("disable %s: %w: %s", disabled, err, out)
	}
	return nil
}

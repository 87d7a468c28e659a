// Command security measures from outside whether the shop tells who has an account: it
// runs the program itself, asks for accounts that are there, not there, disabled and
// not verified, in turns, and compares times and answers.
//
//	make security
//	go run ./e2e/security -samples=500
//
// The program runs with its real cost of a password's hash and with every limit in
// place, set so high that none is reached; on Linux on a processor core of its own. It
// prints a table and fails when |t| of Welch is 4.5 or more for any pair, of all
// samples or of the nine tenths below the common quantile, or when an answer differs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	samples := flag.Int("samples", 500, "how often each variant is asked for")
	flag.Parse()
	if err := realMain(ctx, *samples); err != nil {
		fmt.Fprintln(os.Stderr, "security:", err)
		os.Exit(1)
	}
}

var errTells = errors.New("the shop tells who has an account")

func realMain(ctx context.Context, samples int) (err error) {
	work, err := os.MkdirTemp("", "souk-security-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	binary := filepath.Join(work, "app")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Env = append(build.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	s, err := start(ctx, work, binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.populate(ctx); err != nil {
		return err
	}
	fmt.Printf("%s, %d samples of each variant\n\n", s.where, samples)
	tells := false
	for _, op := range operations {
		m, err := s.measure(ctx, op, samples)
		if err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		tells = m.print(os.Stdout) || tells
	}
	if tells {
		return errTells
	}
	fmt.Println("\nneither time nor answer tells who has an account")
	return nil
}

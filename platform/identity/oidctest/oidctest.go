// Package oidctest gives tests a real provider of OpenID Connect, in a process of its
// own, and a browser to sign in with.
package oidctest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Person is somebody who can sign in at the provider. Their address counts as verified
// there.
type Person struct{ ID, Name, Email, Password string }

// Setup is what the provider knows.
type Setup struct {
	// Listen is its address; a free loopback port when it is empty.
	Listen   string
	ClientID string
	Secret   string
	Redirect []string // where it may send browsers
	People   []Person
}

// Provider is a running provider.
type Provider struct {
	Issuer string

	input io.Closer
	done  sync.WaitGroup
}

// startTimeout is generous: the machine may be building other things.
const startTimeout = 60 * time.Second

// Start runs Dex until the test ends. Where it cannot be built, as without its sources
// and a network, the test is skipped; where the variable CI is set it fails instead.
func Start(t testing.TB, s Setup) *Provider {
	t.Helper()
	program, err := built()
	if err != nil && os.Getenv("CI") == "" { //nolint:forbidigo // a test's own switch
		t.Skipf("NOT TESTED WITH A REAL PROVIDER: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProvider(program, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// Stop ends the provider. It may be called twice.
func (p *Provider) Stop() {
	_ = p.input.Close() // it ends when its input does
	p.done.Wait()
}

func startProvider(program string, s Setup) (*Provider, error) {
	c := exec.Command(program) //nolint:noctx // ends with its input
	input, err1 := c.StdinPipe()
	output, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2, c.Start()); err != nil {
		return nil, fmt.Errorf("start provider: %w", err)
	}
	p := &Provider{input: input}
	line := make(chan string, 1)
	p.done.Go(func() {
		first, _ := bufio.NewReader(output).ReadString('\n')
		line <- strings.TrimSpace(first)
		_ = c.Wait()
	})
	if err := json.NewEncoder(input).Encode(s); err != nil {
		return nil, fmt.Errorf("set provider up: %w", err)
	}
	select {
	case p.Issuer = <-line:
	case <-time.After(startTimeout):
	}
	if p.Issuer == "" {
		_ = c.Process.Kill()
		p.Stop()
		return nil, errors.New("start provider: it does not listen")
	}
	return p, nil
}

// built builds the program once for all tests of the process.
var built = sync.OnceValues(func() (string, error) {
	root, err := repositoryRoot()
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "souk-dex-")
	if err != nil {
		return "", fmt.Errorf("build provider: %w", err)
	}
	program := filepath.Join(folder, "dex")
	c := exec.Command("go", "build", "-o", program, ".")
	c.Dir = filepath.Join(root, "tools", "dex")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off") //nolint:forbidigo // go needs its own
	if out, err := c.CombinedOutput(); err != nil {
		_ = os.RemoveAll(folder)
		return "", fmt.Errorf("build provider: %w: %s", err, out)
	}
	remove = func() { _ = os.RemoveAll(folder) }
	return program, nil
})

// remove removes what was built.
var remove = func() {}

// Run runs the tests of a package that uses Start, and cleans up after them: func
// TestMain(m *testing.M) { os.Exit(oidctest.Run(m)) }.
func Run(m *testing.M) int {
	code := m.Run()
	CleanUp()
	return code
}

// CleanUp removes the program, for packages whose TestMain has more to do.
func CleanUp() { remove() }

// repositoryRoot is the folder of the application's go.mod.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find sources: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "tools", "dex", "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("find sources: not in the application's folder")
		}
		folder = parent
	}
}

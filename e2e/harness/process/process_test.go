package process_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"app/e2e/harness/process"
)

func shell(t *testing.T, script string) *process.Process {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	p, err := process.Start(t.Context(), process.Options{Program: sh, Args: []string{"-c", script}, Ready: "now ready"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcess(t *testing.T) {
	t.Parallel()
	t.Run("ReadyThenStopped", func(t *testing.T) {
		t.Parallel()
		p := shell(t, `echo now ready; exec sleep 60`)
		if _, err := p.AwaitReady(t.Context()); err != nil {
			t.Error(err)
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Run("ErrEndedBeforeReady", func(t *testing.T) {
		t.Parallel()
		p := shell(t, `echo the port is taken >&2; exit 2`)
		if _, err := p.AwaitReady(t.Context()); err == nil || !strings.Contains(err.Error(), "the port is taken") {
			t.Errorf("AwaitReady: %v, want what the program said", err)
		}
	})
	t.Run("ErrNeverReady", func(t *testing.T) {
		t.Parallel()
		p := shell(t, `exec sleep 60`)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.AwaitReady(ctx); err == nil {
			t.Error("AwaitReady: no error")
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAwaitPort(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	p := shell(t, `exec sleep 60`)
	if err := p.AwaitPort(t.Context(), address); err != nil {
		t.Error(err)
	}
	if err := errors.Join(l.Close(), p.Stop()); err != nil {
		t.Error(err)
	}
	if err := shell(t, `echo bad configuration >&2; exit 2`).AwaitPort(t.Context(), address); err == nil || !strings.Contains(err.Error(), "bad configuration") {
		t.Errorf("AwaitPort: %v, want what the program said", err)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the accounts are Linux's")
	}
	p := shell(t, `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo now ready; exec sleep 60`)
	if _, err := p.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if used, err := p.CPU(); err != nil || used <= 0 {
		t.Errorf("CPU: %s, %v", used, err)
	}
	if bytes, err := p.Resident(); err != nil || bytes < int64(os.Getpagesize()) {
		t.Errorf("Resident: %d, %v", bytes, err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if cores, err := process.Cores(); err != nil || len(cores) != runtime.NumCPU() {
		t.Errorf("Cores: %v, %v, want %d", cores, err, runtime.NumCPU())
	}
}

package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"app/e2e/harness/process"
)

// Part is one operating-system process of the shop. It may be killed and started again.
type Part struct {
	Name    string
	Address string
	Binary  string
	Args    []string
	Env     map[string]string

	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// NewPart makes a process that is not started yet. What it says is added to the file
// log, in whose folder it works.
func NewPart(name, binary, log string, args []string, env map[string]string) *Part {
	return &Part{Name: name, Address: env["HTTP_ADDR"], Binary: binary, Args: args, Env: env, log: log}
}

// Launch starts the process, whatever became of the last one; AwaitReady waits for it.
func (p *Part) Launch() error {
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()        // the process has its own
	p.cmd = exec.Command(p.Binary, p.Args...) //nolint:noctx // it ends when it is told to, or with this process
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = filepath.Dir(p.log), out, out
	p.cmd.Env = []string{"HOME=" + filepath.Dir(p.log), "PATH=/usr/bin:/bin"}
	for name, value := range p.Env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	process.DieWithParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // how it ended does not matter: tests kill
		close(done)
	}(p.cmd, p.done)
	return nil
}

// Done is closed when the process that was launched last has ended.
func (p *Part) Done() <-chan struct{} { return p.done }

// Signal sends a signal, which a process that has ended does not get.
func (p *Part) Signal(what os.Signal) error {
	if err := p.cmd.Process.Signal(what); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Start launches the process or fails the test.
func (p *Part) Start(t testing.TB) {
	t.Helper()
	if err := p.Launch(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the process as a power cut would, and returns when it is gone.
func (p *Part) Kill(t testing.TB) {
	t.Helper()
	if err := p.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	<-p.done
}

// Stop ends the process in good order; one that does not end within 20 s fails the test
// and is killed.
func (p *Part) Stop(t testing.TB) {
	t.Helper()
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		t.Errorf("%s did not stop within 20 s", p.Name)
		p.Kill(t)
	}
}

// AwaitReady waits until the process says that it is ready.
func (p *Part) AwaitReady(t testing.TB) {
	t.Helper()
	err := Await(t.Context(), p.Name+" to be ready", func(ctx context.Context) error {
		select {
		case <-p.done:
			raw, _ := os.ReadFile(p.log)
			t.Fatalf("%s ended: %s", p.Name, tail(raw, 4<<10))
		default:
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Address+"/ready", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%w: status %d", errWaiting, resp.StatusCode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// PID is the process's id.
func (p *Part) PID() int { return p.cmd.Process.Pid }

var build struct {
	once sync.Once
	path string
	err  error
}

// Build builds the command of a folder of the project into dir and returns its path. It
// is built by the go.mod of its own module, as it is released, not by the workspace.
func Build(dir, command string) (string, error) {
	path := filepath.Join(dir, "app")
	cmd := exec.Command("go", "build", "-o", path, ".") //nolint:noctx // bounded by the test's own time-out
	cmd.Dir = filepath.Join(Root(), command)
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", command, err, out)
	}
	return path, nil
}

// Binary builds the program once for all tests of the process and returns its path.
// SOUK_BINARY names one that is built already, for the runs that test an image or a
// mutation.
func Binary(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("SOUK_BINARY"); given != "" { //nolint:forbidigo // a test's own switch
		return given
	}
	build.once.Do(func() {
		dir, err := os.MkdirTemp("", "souk-e2e-")
		if err != nil {
			build.err = err
			return
		}
		build.path, build.err = Build(dir, ".")
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// CleanUp removes the binary; call it when all tests are done.
func CleanUp() {
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
}

// Root is the folder of the project.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

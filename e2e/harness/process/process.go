// Package process runs a program and reads what it costs from the kernel's accounts.
// Reading costs and pinning need Linux (proc(5), taskset(1)); elsewhere they are
// errors.
package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopPatience is how long a program may take to end after it was asked to.
const stopPatience = 20 * time.Second

// Options say what to run.
type Options struct {
	Program string
	Args    []string
	// Env is the whole environment, as NAME=value.
	Env []string
	// Dir is the working folder.
	Dir string
	// Core is the processor core to run on, or several as in "1,2", "" for any. The Go
	// runtime sizes itself to it.
	Core string
	// Ready is what the program prints once it is ready.
	Ready string
}

// Process is a running program.
type Process struct {
	cmd    *exec.Cmd
	begun  time.Time
	done   chan struct{} // closed when it has ended
	output output
}

// Start runs the program; it is killed when ctx ends.
func Start(ctx context.Context, o Options) (*Process, error) {
	name, args := o.Program, o.Args
	if o.Core != "" {
		name, args = "taskset", append([]string{"-c", o.Core, o.Program}, o.Args...)
	}
	p := &Process{cmd: exec.CommandContext(ctx, name, args...), done: make(chan struct{})}
	p.output.awaited, p.output.ready = o.Ready, make(chan time.Time, 1)
	p.cmd.Dir, p.cmd.Env = o.Dir, o.Env
	DieWithParent(p.cmd)
	p.cmd.WaitDelay = stopPatience // for what it may have started itself
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.begun = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Program, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended shows in its output
		close(p.done)
	}()
	return p, nil
}

// AwaitReady waits until the program says that it is ready and returns how long it took
// from the start of the program.
func (p *Process) AwaitReady(ctx context.Context) (time.Duration, error) {
	select {
	case at := <-p.output.ready:
		return at.Sub(p.begun), nil
	case <-p.done:
		return 0, fmt.Errorf("the program ended before it was ready: %s", p.output.String())
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for the program to be ready: %w: %s", ctx.Err(), p.output.String())
	}
}

// AwaitPort waits until the program accepts connections at an address, host:port: for
// those that do not say when they are ready.
func (p *Process) AwaitPort(ctx context.Context, address string) error {
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close() //nolint:wrapcheck // names the address
		}
		select {
		case <-retry.C:
		case <-p.done:
			return fmt.Errorf("the program ended before it listened at %s: %s", address, p.output.String())
		case <-ctx.Done():
			return fmt.Errorf("wait for the program to listen at %s: %w: %s", address, ctx.Err(), p.output.String())
		}
	}
}

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the program in good order, and by force when that takes longer than 20 s,
// which is an error.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the program: %w", err)
	}
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case <-p.done:
		return nil
	case <-patience.C:
	}
	_ = p.cmd.Process.Kill() // it may just have ended
	<-p.done
	return fmt.Errorf("the program did not end within %s: %s", stopPatience, p.output.String())
}

// output keeps the end of what a program prints and notices when it has printed a
// certain text.
type output struct {
	awaited string         // "" once it was seen
	ready   chan time.Time // gets the moment

	mu  sync.Mutex
	end string
}

const endSize = 4 << 10

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end += string(b)
	if o.awaited != "" && strings.Contains(o.end, o.awaited) {
		o.awaited = ""
		o.ready <- time.Now()
	}
	o.end = o.end[max(0, len(o.end)-endSize):]
	return len(b), nil
}

// String implements fmt.Stringer.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimSpace(o.end)
}

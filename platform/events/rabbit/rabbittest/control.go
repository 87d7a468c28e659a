//go:build unix

package rabbittest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// Block makes the server take no messages, as one that is short of memory, until
// Unblock.
func (s *Server) Block(t testing.TB) { s.setMemoryLimit(t, "{absolute,1000000}") }

// Unblock ends what Block began.
func (s *Server) Unblock(t testing.TB) { s.setMemoryLimit(t, "0.8") }

// setMemoryLimit sets how much memory the server may have. What rabbitmqctl does it
// does in a moment, without another Erlang.
func (s *Server) setMemoryLimit(t testing.TB, memory string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	c := exec.CommandContext(ctx, "erl_call", "-sname", "souk@localhost", "-a", "vm_memory_monitor set_vm_memory_high_watermark ["+memory+"]")
	c.Env = s.serverEnv()
	if out, err := c.CombinedOutput(); err != nil || string(out) != "ok" {
		t.Fatalf("erl_call: %v\n%s", err, out)
	}
}

// runRabbitmqctl asks the server what its management plugin does not tell, past the
// wrapper of Debian too.
func (s *Server) runRabbitmqctl(args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(filepath.Dir(s.program), "rabbitmqctl"), args...)
	c.Env = s.serverEnv()
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("rabbitmqctl %s: %w: %s%s", args[0], err, out, said.Bytes())
	}
	return out, nil
}

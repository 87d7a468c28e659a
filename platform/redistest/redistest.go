// Package redistest gives tests a real Redis.
package redistest

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a server may take until it answers.
const patience = 60 * time.Second

// keeper runs the server until its standard input ends, which happens too when the
// process of the tests is killed.
const keeper = `
"$@" </dev/null >"$0/log" 2>&1 &
server=$!
read -r word
kill -KILL $server
wait
[ "$word" = keep ] || rm -rf "$0"
`

// Server is a private Redis that nothing but a socket in a temporary folder leads to,
// and that keeps nothing on disk.
type Server struct {
	dir  string
	keep *exec.Cmd
	life io.WriteCloser // the keeper's standard input
}

// Start gives a server that ends with the test. Where none is installed the test is
// skipped; where the variable CI is set it fails instead.
func Start(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" { //nolint:forbidigo // a test's own switch
			t.Fatalf("redis-server has to be installed: %v", err)
		}
		t.Skipf("NOT TESTED: redis-server is not installed: %v", err)
	}
	dir, err := os.MkdirTemp("", "souk-test-redis-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{dir: dir}
	s.Restart(t)
	t.Cleanup(func() { s.stopKeeper("") })
	return s
}

// URL is the address of the server.
func (s *Server) URL() string { return "unix://" + s.socketPath() }

func (s *Server) socketPath() string { return filepath.Join(s.dir, "socket") }

// Kill ends the server as a power cut would.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.stopKeeper("keep\n")
}

func (s *Server) stopKeeper(word string) {
	_, _ = io.WriteString(s.life, word) // a keeper that is gone is as well
	_ = s.life.Close()
	_ = s.keep.Wait()
}

// Restart starts the server again after Kill, empty.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.keep = exec.CommandContext(context.Background(), "sh", "-c", keeper, s.dir,
		"redis-server", "--port", "0", "--unixsocket", s.socketPath(), "--save", "", "--appendonly", "no", "--dir", s.dir)
	var err error
	if s.life, err = s.keep.StdinPipe(); err == nil {
		err = s.keep.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for pause := time.NewTicker(10 * time.Millisecond); !s.isResponsive(); <-pause.C {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Fatalf("redis-server does not answer after %s:\n%s", patience, log)
		}
	}
}

// isResponsive reports whether the server answers PING.
func (s *Server) isResponsive() bool {
	conn, err := net.DialTimeout("unix", s.socketPath(), time.Second) //nolint:noctx // bounded
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(conn, "PING\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && line == "+PONG\r\n"
}

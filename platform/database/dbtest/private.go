//go:build unix

package dbtest

import (
	"context"
	"database/sql"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"app/platform/freeport"
)

// guard runs a server until its standard input says something or ends, which happens
// too when the process of the tests is killed. The folder goes with the server unless
// the word was "keep".
const guard = `
dir=$1; shift
"$@" >>"$dir/log" 2>&1 </dev/null &
server=$!
echo $server >"$dir/server"
read -r word
kill -KILL $server
wait
[ "$word" = keep ] || rm -rf "$dir"
`

// Server is a MariaDB of one test, which may kill it, stop it for a while, and start it
// again. It listens on a loopback port.
type Server struct {
	dir     string
	port    int
	command []string
	root    administrator

	guard *exec.Cmd
	life  io.WriteCloser // the guard's standard input
}

// Start starts a server of the test's own, which ends with it. What MySQL says about
// missing servers holds here too, but SOUK_TEST_MYSQL is of no help: a server of
// somebody else is not killed. The arguments come on top of the server's.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if !isServerInstalled() {
		requireServer(t, errNoServer)
	}
	s, err := startPrivate(args)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stopAndRemove)
	return s
}

func startPrivate(args []string) (s *Server, err error) {
	s = &Server{}
	if s.dir, err = os.MkdirTemp("", "souk-test-mariadb-"); err != nil {
		return nil, err
	}
	if s.port, err = freeport.Port(); err != nil {
		return nil, err
	}
	if s.command, err = prepareDataDir(s.dir); err != nil {
		return nil, err
	}
	s.command = append(s.command, "--skip-networking=0", "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port))
	s.command = append(s.command, args...)
	if err := s.startAndWait(); err != nil {
		s.stopAndRemove()
		return nil, err
	}
	root := url.URL{Scheme: "mysql", User: url.User("root"), Host: s.Address(), RawQuery: "socket=" + url.QueryEscape(filepath.Join(s.dir, "socket"))}
	connector, err := mysql.NewConnector(mysqlConfig(root))
	if err != nil {
		s.stopAndRemove()
		return nil, err
	}
	s.root = administrator{sql.OpenDB(connector), url.URL{Scheme: "mysql", Host: s.Address()}}
	return s, nil
}

// startAndWait starts the server and waits until it answers.
func (s *Server) startAndWait() (err error) {
	s.guard = exec.CommandContext(context.Background(), "sh", append([]string{"-c", guard, "guard", s.dir}, s.command...)...)
	s.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt is for the tests, not for the guard
	if s.life, err = s.guard.StdinPipe(); err != nil {
		return err
	}
	if err := s.guard.Start(); err != nil {
		return err
	}
	return waitUntilReady(s.dir)
}

// Address is host:port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Account is the function of that name, on this server.
func (s *Server) Account(t testing.TB, module, script string) string {
	t.Helper()
	location, err := s.root.createAccount(t, module, script)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// Kill ends the server as a power cut would. Its data stay.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if _, err := io.WriteString(s.life, "keep\n"); err != nil {
		t.Fatal(err)
	}
	_ = s.guard.Wait() // how the shell ended does not matter
}

// Restart starts the server again after Kill, at the same address, and returns when it
// answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.startAndWait(); err != nil {
		t.Fatal(err)
	}
}

// Pause makes the server stand still, its connections open, until Resume.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	s.sendSignal(t, syscall.SIGSTOP)
	deadline := time.Now().Add(startPatience)
	for !s.allThreadsStopped() {
		if time.Now().After(deadline) {
			t.Fatal("the server does not stop")
		}
		runtime.Gosched()
	}
}

// allThreadsStopped reports whether all threads of the server have stopped, which on a
// busy machine takes a moment: until then they may commit. Where the system does not
// tell, it is taken for granted.
func (s *Server) allThreadsStopped() bool {
	pid, err := s.pid()
	if err != nil {
		return false
	}
	threads, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "stat"))
	for _, path := range threads {
		raw, err := os.ReadFile(path)
		_, state, _ := strings.Cut(string(raw), ") ") // after the id and the name
		if err == nil && !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return true
}

// Resume ends a pause.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	s.sendSignal(t, syscall.SIGCONT)
}

func (s *Server) sendSignal(t testing.TB, what syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(s.PID(t), what); err != nil {
		t.Fatal(err)
	}
}

// PID is the id of the server's process.
func (s *Server) PID(t testing.TB) int {
	t.Helper()
	pid, err := s.pid()
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// pid is the server's process id, which the guard has written down.
func (s *Server) pid() (int, error) {
	raw, err := os.ReadFile(filepath.Join(s.dir, "server"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(raw)))
}

// stopAndRemove ends the server and removes its folder.
func (s *Server) stopAndRemove() {
	if s.root.db != nil {
		_ = s.root.db.Close()
	}
	if s.life != nil {
		_ = s.life.Close()
		_ = s.guard.Wait()
	}
	_ = os.RemoveAll(s.dir) // a server that was killed left it
}

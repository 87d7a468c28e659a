//go:build unix

package rabbittest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"app/platform/freeport"
)

// startPatience is how long a server may take until it answers: it is an Erlang system
// on a busy machine.
const startPatience = 2 * time.Minute

// keeper runs the server and its port mapper until its standard input says more or
// ends, which happens too when the process of the tests is killed. The folder goes with
// the server unless the word was "keep".
const keeper = `
dir=$1; shift
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 </dev/null >/dev/null 2>&1 &
mapper=$!
"$@" </dev/null >>"$dir/log" 2>&1 &
server=$!
echo $server >"$dir/pid"
read -r word
kill -KILL $server $mapper
wait
[ "$word" = keep ] || rm -rf "$dir"
`

// Server is a private RabbitMQ with its data in a temporary folder. It listens on
// loopback addresses only.
type Server struct {
	dir, program              string
	port, web, mapper, inside int

	keep *exec.Cmd
	life io.WriteCloser // the keeper's standard input
}

func newServer() (*Server, error) {
	program, err := findServer()
	if err != nil {
		return nil, err
	}
	s := &Server{program: program}
	for _, port := range []*int{&s.port, &s.web, &s.mapper, &s.inside} {
		if *port, err = freeport.Port(); err != nil {
			return nil, err
		}
	}
	if s.dir, err = os.MkdirTemp("", "souk-test-rabbitmq-"); err != nil {
		return nil, err
	}
	for name, content := range map[string]string{"plugins": "[rabbitmq_management].", "rabbitmq.conf": s.configText()} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// findServer looks for the server where servers are installed as well, and past the
// wrapper of Debian, which insists on the system's own instance.
func findServer() (string, error) {
	if _, err := exec.LookPath("epmd"); err != nil {
		return "", errNotInstalled
	}
	for _, name := range []string{"rabbitmq-server", "/usr/sbin/rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", err
		}
		behind := filepath.Join(filepath.Dir(path), "rabbitmq-server")
		if _, err := os.Stat(behind); err == nil {
			path = behind
		}
		return path, nil
	}
	return "", errNotInstalled
}

// configText is as durable as the defaults, and small.
func (s *Server) configText() string {
	return fmt.Sprintf(`management.tcp.ip = 127.0.0.1
management.tcp.port = %d
management_agent.disable_metrics_collector = true
log.file = false
log.console = true
log.console.level = warning
disk_free_limit.absolute = 1MB
raft.wal_max_size_bytes = 33554432
`, s.web)
}

// serverEnv is everything the server knows of this machine.
func (s *Server) serverEnv() []string {
	in := func(name string) string { return filepath.Join(s.dir, name) }
	return []string{
		"PATH=" + env("PATH"), "HOME=" + s.dir, "LANG=C.UTF-8",
		"detached=yes", // no shell between the keeper and the server
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(s.mapper),
		"RABBITMQ_NODENAME=souk@localhost", "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_NODE_PORT=" + strconv.Itoa(s.port),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(s.inside), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("generated"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"),
		"RABBITMQ_MNESIA_BASE=" + in("data"), "RABBITMQ_LOG_BASE=" + in("logs"),
	}
}

// startServer makes a server and starts it. Another process may be faster at one of its
// ports, so it tries again.
func startServer() (s *Server, err error) {
	for range 3 {
		if s, err = newServer(); err != nil {
			return nil, err
		}
		if err = s.startAndWait(); err == nil {
			return s, nil
		}
		s.stopAndRemove()
	}
	return nil, err
}

// startAndWait starts the server and waits until it answers.
func (s *Server) startAndWait() (err error) {
	_ = os.Remove(filepath.Join(s.dir, "pid"))                            // of its former life
	s.keep = exec.Command("sh", "-c", keeper, "keeper", s.dir, s.program) //nolint:noctx // ends when its input does
	s.keep.Env = s.serverEnv()
	s.keep.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt is for the tests, not for the keeper
	if s.life, err = s.keep.StdinPipe(); err != nil {
		return err
	}
	if err := s.keep.Start(); err != nil {
		return err
	}
	return s.waitUntilReady()
}

func (s *Server) waitUntilReady() error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(startPatience)
	for {
		err := s.checkReachable()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
			if s.isRunning() {
				continue
			}
		case <-deadline:
		}
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("RabbitMQ does not answer: %w\n%s", err, log[max(0, len(log)-3000):])
	}
}

// isRunning reports whether the server's process is still there, or not there yet.
func (s *Server) isRunning() bool {
	pid, err := s.pid()
	return err != nil || syscall.Kill(pid, 0) == nil
}

func (s *Server) pid() (int, error) {
	raw, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(raw)))
}

// checkReachable reports whether both doors are open.
func (s *Server) checkReachable() error {
	conn, err := amqp.Dial(s.URL())
	if err != nil {
		return err
	}
	return errors.Join(conn.Close(), s.adminClient().doRequest("GET", "/api/vhosts", "", nil))
}

func (s *Server) adminClient() *administrator {
	return &administrator{
		base: &url.URL{Scheme: "http", User: url.UserPassword("guest", "guest"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.web))},
		amqp: strings.TrimSuffix(s.URL(), "/"),
	}
}

// URL is the amqp:// address of the server's usual virtual host.
func (s *Server) URL() string { return "amqp://guest:guest@127.0.0.1:" + strconv.Itoa(s.port) + "/" }

// Kill ends the server as a power cut would. Its data stay.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if _, err := io.WriteString(s.life, "keep\n"); err != nil {
		t.Fatal(err)
	}
	_ = s.keep.Wait() // how the shell ended does not matter
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
func (s *Server) Pause(t testing.TB) { s.sendSignal(t, syscall.SIGSTOP) }

// Resume ends a pause.
func (s *Server) Resume(t testing.TB) { s.sendSignal(t, syscall.SIGCONT) }

func (s *Server) sendSignal(t testing.TB, what syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(s.PID(t), what); err != nil {
		t.Fatal(err)
	}
}

// PID is the id of the server's process, an Erlang system.
func (s *Server) PID(t testing.TB) int {
	t.Helper()
	pid, err := s.pid()
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// stopAndRemove ends the server and removes its folder.
func (s *Server) stopAndRemove() {
	if s.life != nil {
		_ = s.life.Close()
		_ = s.keep.Wait()
	}
	_ = os.RemoveAll(s.dir) // a server that was killed left it
}

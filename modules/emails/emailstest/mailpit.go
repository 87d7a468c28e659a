// Package emailstest is for tests. An Office is the emails module on a database of a
// test's own; Post and API add what posts to it and what it publishes. The other ends
// of the module are a real mail server in a process of its own, an Amazon SES that
// checks signatures and can misbehave, and an Amazon SNS that signs notices. Everything
// is on loopback.
package emailstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"app/platform/freeport"
)

// MailpitOptions say how the server is set up.
type MailpitOptions struct {
	StartTLS, ImplicitTLS bool   // with a certificate of Mailpit.CA
	User, Password        string // asked for when not empty
	Recipients            string // a regular expression; others are refused with 550. Empty for all
}

// Mailpit is a running mail server that keeps what it gets.
type Mailpit struct {
	Host string
	Port int
	CA   *CA

	web    string
	client *http.Client
}

// patience is how long a server may take to start, on a machine with much else to do.
const patience = 90 * time.Second

// errNoMailpit tells that the server cannot be built here.
var errNoMailpit = errors.New("mailpit cannot be built")

// StartMailpit starts a server and ends it with the test. Where it cannot be built the
// test is skipped, and fails where the variable CI is set.
func StartMailpit(t testing.TB, o MailpitOptions) *Mailpit {
	t.Helper()
	program, err := mailpit()
	if errors.Is(err, errNoMailpit) && os.Getenv("CI") == "" { //nolint:forbidigo // no program has this package
		t.Skipf("NOT TESTED AGAINST A REAL MAIL SERVER: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	for range 5 { // another process may take a port before the server does
		m, err := startMailpit(t, program, o)
		if err == nil {
			return m
		}
		failed = err
	}
	t.Fatal(failed)
	return nil
}

// mailpit builds the server as the go.mod under tools pins it; the build cache keeps
// the program.
var mailpit = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..")
	var said bytes.Buffer
	c := exec.CommandContext(context.Background(), "go", "tool", "-n", "-modfile="+filepath.Join(root, "tools", "mailpit", "go.mod"), "mailpit")
	c.Dir, c.Stderr = root, &said
	c.Env = append(c.Environ(), "GOWORK=off") // a -modfile does not go with a workspace
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %w: %s", errNoMailpit, err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
})

func startMailpit(t testing.TB, program string, o MailpitOptions) (*Mailpit, error) {
	t.Helper()
	smtp, web, dir := freePort(t), freePort(t), t.TempDir()
	m := &Mailpit{
		Host: "127.0.0.1", Port: smtp, CA: NewCA(t), web: "http://127.0.0.1:" + strconv.Itoa(web), client: &http.Client{Timeout: 20 * time.Second},
	}
	args := append([]string{
		"--smtp", net.JoinHostPort(m.Host, strconv.Itoa(smtp)), "--listen", "127.0.0.1:" + strconv.Itoa(web), "--database", filepath.Join(dir, "mail.db"),
		"--disable-version-check", "--smtp-disable-rdns", "--enable-chaos", "--max", "0", "--quiet",
	}, m.securityArgs(t, dir, o)...)
	c := exec.CommandContext(context.Background(), program, args...)
	var log bytes.Buffer
	c.Dir, c.Stdout, c.Stderr, c.Env = dir, &log, &log, []string{"HOME=" + dir, "PATH=" + dir}
	dieWithParent(c)
	if err := c.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // however it ends, its log says why
		close(ended)
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-ended
	})
	if err := m.awaitReady(ended); err != nil {
		return nil, fmt.Errorf("mailpit: %w: %s", err, log.String())
	}
	return m, nil
}

// securityArgs are the arguments for TLS, authentication and recipients.
func (m *Mailpit) securityArgs(t testing.TB, dir string, o MailpitOptions) (args []string) {
	t.Helper()
	if o.StartTLS || o.ImplicitTLS {
		cert, key := m.CA.Files(t, dir, m.Host)
		args = append(args, "--smtp-tls-cert", cert, "--smtp-tls-key", key)
	}
	if o.StartTLS {
		args = append(args, "--smtp-require-starttls")
	}
	if o.ImplicitTLS {
		args = append(args, "--smtp-require-tls")
	}
	if o.User != "" {
		path := filepath.Join(dir, "users")
		if err := os.WriteFile(path, []byte(o.User+":"+o.Password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--smtp-auth-file", path)
	}
	if o.Recipients != "" {
		args = append(args, "--smtp-allowed-recipients", o.Recipients)
	}
	return args
}

// awaitReady waits for the first answer on both ports.
func (m *Mailpit) awaitReady(ended chan struct{}) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		if m.isReady() {
			return nil
		}
		select {
		case <-ended:
			return errors.New("ended")
		case <-deadline:
			return errors.New("does not answer")
		case <-tick.C:
		}
	}
}

func (m *Mailpit) isReady() bool {
	reply, err := m.client.Get(m.web + "/readyz") //nolint:noctx // the client has a time-out
	if err != nil {
		return false
	}
	_ = reply.Body.Close()
	conn, err := net.DialTimeout("tcp", m.Address(), time.Second) //nolint:noctx // bounded
	if err != nil {
		return false
	}
	_ = conn.Close()
	return reply.StatusCode == http.StatusOK
}

func freePort(t testing.TB) int {
	t.Helper()
	port, err := freeport.Port()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Address is where the server listens.
func (m *Mailpit) Address() string { return net.JoinHostPort(m.Host, strconv.Itoa(m.Port)) }

// Mail is a message the server has.
type Mail struct {
	ID        string
	MessageID string // without angle brackets
	From      struct{ Name, Address string }
	To        []struct{ Name, Address string }
	Bcc       []struct{ Name, Address string }
	Subject   string
}

// Mails lists what the server has, up to 10,000.
func (m *Mailpit) Mails(t testing.TB) []Mail {
	t.Helper()
	var out struct{ Messages []Mail }
	if err := json.Unmarshal(m.callAPI(t, http.MethodGet, "/api/v1/messages?limit=10000", nil), &out); err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// Raw is a message as it came, with the headers that the server added.
func (m *Mailpit) Raw(t testing.TB, id string) []byte {
	t.Helper()
	return m.callAPI(t, http.MethodGet, "/api/v1/message/"+id+"/raw", nil)
}

// Chaos makes the server answer the code to every sender, recipient and authentication;
// 0 for its usual answer.
func (m *Mailpit) Chaos(t testing.TB, sender, recipient, authentication int) {
	t.Helper()
	trigger := func(code int) map[string]int {
		if code == 0 {
			return map[string]int{"ErrorCode": 451, "Probability": 0}
		}
		return map[string]int{"ErrorCode": code, "Probability": 100}
	}
	body, err := json.Marshal(map[string]any{"Sender": trigger(sender), "Recipient": trigger(recipient), "Authentication": trigger(authentication)})
	if err != nil {
		t.Fatal(err)
	}
	m.callAPI(t, http.MethodPut, "/api/v1/chaos", body)
}

func (m *Mailpit) callAPI(t testing.TB, method, path string, body []byte) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, m.web+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := m.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	out, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, reply.StatusCode, out, err)
	}
	return out
}

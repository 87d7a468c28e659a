//go:build unix

package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// startPatience is how long a server may take until it answers.
const startPatience = 90 * time.Second

// keeper ends the server when nobody uses it: every test binary holds a shared lock on
// the file "users" for as long as it lives, and the system drops the lock of a process
// that was killed. Whoever gets the exclusive lock knows that it is alone, and keeps
// newcomers out by holding it.
const keeper = `
dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
server=$!
exec 9>>"$dir/users"
while sleep 3; do
	if flock -n -x 9; then
		kill -KILL $server
		wait
		rm -rf "$dir"
		exit
	fi
done
`

// sharedServer gives the socket of the machine's MariaDB for tests and starts it when
// there is none. It uses a socket and no port, so that it can neither clash with
// another server nor be reached by another user.
func sharedServer() (socket string, err error) {
	if !isServerInstalled() {
		return "", errNoServer
	}
	home := filepath.Join(os.TempDir(), fmt.Sprintf("souk-test-mariadb-%d", os.Getuid()))
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", err
	}
	unlock, err := lockFile(filepath.Join(home, "start"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer unlock()
	current := filepath.Join(home, "current") // a link to the folder of the running server
	if holdUserLock(current) == nil && pingServer(current) == nil {
		return socketPath(current)
	}
	return startSharedServer(home, current)
}

// isServerInstalled reports whether a server can be started.
func isServerInstalled() bool {
	for _, program := range []string{"mariadbd", "mariadb-install-db", "flock", "sh"} {
		if _, err := findProgram(program); err != nil {
			return false
		}
	}
	return true
}

// holdUserLock takes a place among the users of the server in dir, for the life of this
// process.
func holdUserLock(dir string) error {
	_, err := lockFile(filepath.Join(dir, "users"), syscall.LOCK_SH|syscall.LOCK_NB)
	return err
}

// startSharedServer makes a server in a new folder and leaves it to a keeper that
// outlives this process.
func startSharedServer(home, current string) (socket string, err error) {
	removeStaleServers(home)
	dir, err := os.MkdirTemp(home, "server-")
	if err != nil {
		return "", err
	}
	if err := holdUserLock(dir); err != nil {
		return "", err
	}
	command, err := prepareDataDir(dir)
	if err != nil {
		return "", err
	}
	args := append([]string{"-c", keeper, "keeper", dir}, command...)
	keep := exec.CommandContext(context.Background(), "sh", args...)
	keep.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt is for the tests, not for the keeper
	if err := keep.Start(); err != nil {
		return "", err
	}
	if err := waitUntilReady(dir); err != nil {
		return "", err
	}
	_ = os.Remove(current)
	if err := os.Symlink(dir, current); err != nil {
		return "", err
	}
	return socketPath(current)
}

// removeStaleServers removes what is left of binaries that were killed before their
// server had a keeper.
func removeStaleServers(home string) {
	folders, _ := filepath.Glob(filepath.Join(home, "server-*"))
	for _, dir := range folders {
		if unlock, err := lockFile(filepath.Join(dir, "users"), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir)
			unlock()
		}
	}
}

// prepareDataDir makes the data folder and gives the command line of the server: as
// durable as a real one, small otherwise.
func prepareDataDir(dir string) ([]string, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	// A server that starts removes every temporary table from its folder for them,
	// those of other servers too.
	temporary := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, err
	}
	install, _ := findProgram("mariadb-install-db")
	common := []string{"--no-defaults", "--user=" + me.Username, "--datadir=" + filepath.Join(dir, "data"), "--tmpdir=" + temporary}
	out, err := exec.CommandContext(context.Background(), install, append(common, "--auth-root-authentication-method=normal", "--skip-test-db")...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	server, _ := findProgram("mariadbd")
	return append(append([]string{server}, common...), "--socket="+filepath.Join(dir, "socket"), "--pid-file="+filepath.Join(dir, "pid"),
		"--skip-networking", "--skip-name-resolve", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=1",
		"--innodb-buffer-pool-size=32M", "--innodb-log-file-size=32M", "--performance-schema=OFF", "--max-connections=500"), nil
}

// waitUntilReady waits for the first answer of the server in dir.
func waitUntilReady(dir string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(startPatience)
	for {
		err := pingServer(dir)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return fmt.Errorf("MariaDB does not answer: %w\n%s", err, lastLines(string(log)))
		}
	}
}

func pingServer(dir string) error {
	socket, err := socketPath(dir)
	if err != nil {
		return err
	}
	connector, err := mysql.NewConnector(mysqlConfig(url.URL{User: url.User("root"), RawQuery: "socket=" + url.QueryEscape(socket)}))
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	return errors.Join(db.PingContext(context.Background()), db.Close())
}

// socketPath gives the socket by its real folder: the link may point elsewhere later.
func socketPath(dir string) (string, error) {
	folder, err := filepath.EvalSymlinks(dir)
	return filepath.Join(folder, "socket"), err
}

// lockFile locks a file until unlock is called or the process ends. The file is not
// inherited by other programs.
func lockFile(path string, how int) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		return nil, err
	}
	held = append(held, f) // or else the collector would close it
	return func() { _ = f.Close() }, nil
}

var held []*os.File

// findProgram looks for a program where servers are installed as well.
func findProgram(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", program))
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

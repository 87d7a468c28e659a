package database_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// The test binary starts itself again to be a second process on the same database.
const (
	roleVariable = "DATABASE_TEST_ROLE"
	urlVariable  = "DATABASE_TEST_URL"
)

var roles = map[string]func(context.Context, *database.DB) error{
	"insert":    insertForEver,
	"increment": increment,
	"hold":      hold,
}

func TestMain(m *testing.M) {
	dbtest.Rehearse = false
	role := os.Getenv(roleVariable) //nolint:forbidigo // how this binary speaks to itself
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(role); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(role string) error {
	ctx := context.Background()
	url := os.Getenv(urlVariable) //nolint:forbidigo // how this binary speaks to itself
	db, err := database.Open(ctx, database.Options{Module: "test", URL: url, Migrations: []fs.FS{things}})
	if err != nil {
		return err
	}
	return roles[role](ctx, db)
}

// process starts the test binary in a role; it is killed when the test ends.
func process(t *testing.T, role, url string) (cmd *exec.Cmd, stdin io.WriteCloser, stdout io.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, urlVariable+"="+url) //nolint:forbidigo // it needs PATH and TMPDIR
	cmd.Stderr = new(bytes.Buffer)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err = cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stdin, stdout
}

// insertForEver tells every id after its Write returned.
func insertForEver(ctx context.Context, db *database.DB) error {
	for i := 0; ; i++ {
		id := fmt.Sprintf("%d-%06d", os.Getpid(), i)
		err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, id) })
		if err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func TestKilledWriterLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		db := dbtest.OpenURL(t, url, things)
		var acknowledged []string
		for range 3 {
			cmd, _, stdout := process(t, "insert", url)
			lines := bufio.NewScanner(stdout)
			for stop := 50 + rand.N(100); stop > 0 && lines.Scan(); stop-- {
				acknowledged = append(acknowledged, lines.Text())
			}
			_ = cmd.Process.Kill()
			for lines.Scan() {
				acknowledged = append(acknowledged, lines.Text())
			}
			_ = cmd.Wait()
		}
		if len(acknowledged) < 150 {
			t.Errorf("only %d ids were acknowledged", len(acknowledged))
		}
		got := thingsIn(t, db)
		for _, id := range acknowledged {
			if _, found := slices.BinarySearch(got, id); !found && len(id) > 10 { // the last line may be cut
				t.Errorf("%s is lost", id)
			}
		}
	})
}

const increments = 50

func increment(ctx context.Context, db *database.DB) error {
	for range increments {
		err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE things SET n = n + ? WHERE id = ?", 1, "counter")
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestProcessesWriteToOneDatabase(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		db := dbtest.OpenURL(t, url, things)
		write(t, db, "counter")
		var all sync.WaitGroup
		for range 3 {
			cmd, _, _ := process(t, "increment", url)
			all.Go(func() {
				if err := cmd.Wait(); err != nil {
					t.Errorf("%v: %s", err, cmd.Stderr)
				}
			})
		}
		if err := increment(t.Context(), db); err != nil {
			t.Error(err)
		}
		all.Wait()
		var n int
		err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			return q.QueryRow(ctx, "SELECT n FROM things WHERE id = ?", "counter").Scan(&n)
		})
		if err != nil || n != 1+4*increments {
			t.Errorf("n = %d, %v, want %d", n, err, 1+4*increments)
		}
	})
}

// hold keeps a transaction open until standard input ends.
func hold(ctx context.Context, db *database.DB) error {
	return db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := insert(ctx, tx, "other"); err != nil {
			return err
		}
		fmt.Println("held")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

func TestAnotherProcessIsWaitedOut(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLite(t)
	db := dbtest.OpenURL(t, url, things)
	cmd, stdin, stdout := process(t, "hold", url)
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer cancel()
	err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { t.Error("it ran"); return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Write while the file is locked: %v, want the deadline", err)
	}
	if got := thingsIn(t, db); len(got) != 0 {
		t.Errorf("things = %v while another process writes", got)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		write(t, db, "ours")
	}()
	_ = stdin.Close()
	<-done
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, cmd.Stderr)
	}
	if diff := cmp.Diff([]string{"other", "ours"}, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
}

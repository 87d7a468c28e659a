package migrate_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
)

// longSet has tables, indexes, columns, and rows that a second run would double.
var longSet = func() fstest.MapFS {
	set := fstest.MapFS{"0000_create_log.up.sql": {Data: []byte("CREATE TABLE log (entry BIGINT NOT NULL);")}}
	add := func(n int, text string) {
		set[fmt.Sprintf("%04d_step.up.sql", n)] = &fstest.MapFile{Data: []byte(text)}
	}
	for i := range 8 {
		table := fmt.Sprintf("t%d", i)
		add(10*i+1, "CREATE TABLE "+table+" (id VARCHAR(30) NOT NULL PRIMARY KEY, n BIGINT NOT NULL)")
		add(10*i+2, "CREATE INDEX "+table+"_n ON "+table+" (n)")
		add(10*i+3, "ALTER TABLE "+table+" ADD COLUMN note TEXT")
		add(10*i+4, fmt.Sprintf("INSERT INTO log (entry) VALUES (%d)", i))
		add(10*i+5, "ALTER TABLE "+table+" REPLACE CHECKS (CHECK (n >= 0), CHECK (id <> ''))")
	}
	return set
}()

// TestMigrateSurvivesBeingKilled kills a process at random moments of its migration
// until one gets through.
func TestMigrateSurvivesBeingKilled(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		kills := 0
		for patience := 4 * time.Millisecond; ; patience += patience / 4 {
			cmd, _ := process(t, url)
			killer := time.AfterFunc(patience+rand.N(patience), func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			killer.Stop()
			if err == nil {
				break
			}
			if cmd.ProcessState.ExitCode() >= 0 {
				t.Fatalf("after %d kills: %v: %s", kills, err, cmd.Stderr)
			}
			kills++
		}
		t.Logf("%d kills", kills)
		if kills < 3 {
			t.Errorf("only %d processes were killed", kills)
		}
		checkMigrated(t, openAt(t, url, longSet))
	})
}

func TestProcessesMigrateAtTheSameTime(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		var applied []string
		var waits []func() error
		for range 4 {
			cmd, stdout := process(t, url)
			waits = append(waits, func() error {
				out, _ := io.ReadAll(stdout)
				applied = append(applied, strings.Fields(string(out))...)
				if err := cmd.Wait(); err != nil {
					return fmt.Errorf("%w: %s", err, cmd.Stderr)
				}
				return nil
			})
		}
		for _, wait := range waits {
			if err := wait(); err != nil {
				t.Error(err)
			}
		}
		slices.Sort(applied)
		want := []string{}
		db := openAt(t, url, longSet)
		for _, m := range checkMigrated(t, db) {
			want = append(want, m.ID)
		}
		if diff := cmp.Diff(want, applied); diff != "" {
			t.Errorf("applied by all together (-want +got):\n%s", diff)
		}
	})
}

func checkMigrated(t *testing.T, db *database.DB) []migrate.Migration {
	t.Helper()
	if applied, err := migrate.Up(t.Context(), db); err != nil || len(applied) > 0 {
		t.Errorf("another Migrate applied %v, %v", applied, err)
	}
	status, err := migrate.Status(t.Context(), db)
	if err != nil || len(status) != len(longSet) {
		t.Fatalf("status has %d entries, %v, want %d", len(status), err, len(longSet))
	}
	for _, m := range status {
		if m.AppliedAt.IsZero() || m.Changed {
			t.Errorf("%s: %+v", m.ID, m)
		}
	}
	var entries, different int
	err = db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		for i := range 8 {
			if err := q.QueryRow(ctx, fmt.Sprintf("SELECT count(note) FROM t%d WHERE n > ?", i), 0).Scan(new(int)); err != nil {
				return err
			}
		}
		return q.QueryRow(ctx, "SELECT count(*), count(DISTINCT entry) FROM log").Scan(&entries, &different)
	})
	if err != nil || entries != 8 || different != 8 {
		t.Errorf("log has %d entries, %d different, %v, want 8", entries, different, err)
	}
	return status
}

func TestMigrateGoesOnWhereItFailed(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		broken := fstest.MapFS{"0002_add_note.up.sql": {Data: []byte("ALTER TABEL things ADD COLUMN note TEXT")}}
		applied, err := migrate.Up(t.Context(), openAt(t, url, database.Named("base", things), broken))
		if err == nil || !strings.Contains(err.Error(), "0002_add_note") {
			t.Errorf("error = %v, want one that names the file", err)
		}
		if diff := cmp.Diff([]string{"base/0001_create_things"}, applied); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		mended := fstest.MapFS{"0002_add_note.up.sql": {Data: []byte("ALTER TABLE things ADD COLUMN note TEXT")}}
		applied, err = migrate.Up(t.Context(), openAt(t, url, database.Named("base", things), mended))
		if diff := cmp.Diff([]string{"0002_add_note"}, applied); diff != "" || err != nil {
			t.Errorf("applied later: %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestOlderProgramRunsOnNewerSchema(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		newer := fstest.MapFS{"0002_add_note.up.sql": {Data: []byte("ALTER TABLE things ADD COLUMN note TEXT")}}
		if _, err := migrate.Up(t.Context(), openAt(t, url, things, newer)); err != nil {
			t.Fatal(err)
		}
		older := openAt(t, url, things)
		if applied, err := migrate.Up(t.Context(), older); err != nil || len(applied) > 0 {
			t.Errorf("applied %v, %v", applied, err)
		}
		write(t, older, "a")
	})
}

func TestEditedMigrationIsReported(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		if _, err := migrate.Up(t.Context(), openAt(t, url, things)); err != nil {
			t.Fatal(err)
		}
		edited := fstest.MapFS{"0001_create_things.up.sql": {Data: []byte("CREATE TABLE things (id TEXT)")}}
		status, err := migrate.Status(t.Context(), openAt(t, url, edited))
		if err != nil || len(status) != 1 || !status[0].Changed {
			t.Errorf("status = %+v, %v, want it changed", status, err)
		}
	})
}

func TestMigrationFilesAreChecked(t *testing.T) {
	t.Parallel()
	set := func(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }
	cases := []struct {
		name string
		sets []fs.FS
		want string
	}{
		{"misspelt name", []fs.FS{set("1_create.sql", "CREATE TABLE a (id TEXT)")}, "1_create.sql"},
		{"two statements", []fs.FS{set("0001_a.up.sql", "CREATE TABLE a (id TEXT); CREATE TABLE b (id TEXT)")}, "2 statements"},
		{"nothing", []fs.FS{set("0001_a.up.sql", "-- later;\n")}, "0 statements"},
		{"same id twice", []fs.FS{set("0001_a.up.sql", "SELECT 1"), set("0001_a.up.sql", "SELECT 1")}, "0001_a exists in two sets"},
		{"same id in a named set", []fs.FS{set("0001_a.up.sql", "SELECT 1"), database.Named("x", set("0001_a.up.sql", "SELECT 1"))}, ""},
		{"semicolons in quotes and comments", []fs.FS{set("0001_a.up.sql", "-- a;b\nINSERT INTO a VALUES ('x;''y') /* ; */;\n-- end;")}, ""},
		{"other files", []fs.FS{set("README.md", "x"), set("0001_a.down.sql", "x; y")}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := migrate.Status(t.Context(), openAt(t, dbtest.SQLite(t), c.sets...))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
		})
	}
}

func TestEngineFileReplacesTheCommonOne(t *testing.T) {
	t.Parallel()
	set := fstest.MapFS{
		"0001_create_a.up.sql":        {Data: []byte("CREATE TABLE common (id BIGINT)")},
		"0001_create_a.mysql.up.sql":  {Data: []byte("CREATE TABLE only_mysql (id BIGINT)")},
		"0001_create_a.sqlite.up.sql": {Data: []byte("CREATE TABLE only_sqlite (id BIGINT)")},
		"0002_add.mysql.up.sql":       {Data: []byte("ALTER TABLE only_mysql ADD COLUMN n BIGINT")},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			return q.QueryRow(ctx, "SELECT count(*) FROM only_"+string(db.Engine())).Scan(new(int))
		})
		if err != nil {
			t.Error(err)
		}
	}, set)
}

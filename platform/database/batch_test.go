package database_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestWaitingCallersShareACommit(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	before := db.Stats()
	works := make([]database.Work, 64)
	for i := range works {
		works[i] = func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, strconv.Itoa(i)) }
	}
	if err := errors.Join(together(t, db, works...)...); err != nil {
		t.Fatal(err)
	}
	after := db.Stats()
	if got := after.Writes - before.Writes; got != 65 {
		t.Errorf("%d writes counted, want 65", got)
	}
	// One for the caller they waited for, one for them, and some for a machine that was
	// interrupted in between.
	if got := after.Commits - before.Commits; got > 20 {
		t.Errorf("%d commits for 65 writes", got)
	}
	if got := len(thingsIn(t, db)); got != 64 {
		t.Errorf("%d things, want 64", got)
	}
}

// TestFailedCommitReachesEverybody makes a COMMIT fail by a constraint that is checked
// there.
func TestFailedCommitReachesEverybody(t *testing.T) {
	t.Parallel()
	parts := fstest.MapFS{"0002_create_parts.sqlite.up.sql": {Data: []byte(`CREATE TABLE parts (
		id VARCHAR(30) PRIMARY KEY, thing VARCHAR(30) REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)`)}}
	db := dbtest.Open(t, things, parts)
	followed := false
	good := func(id string) database.Work {
		return func(ctx context.Context, tx *database.Tx) error {
			tx.AfterCommit(func() { followed = true })
			return insert(ctx, tx, id)
		}
	}
	errs := together(t, db, good("a"), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO parts (id, thing) VALUES (?, ?)", "p", "none")
		return err
	}, func(context.Context, *database.Tx) error { return errRefused }, good("b"))
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
			t.Errorf("caller %d: %v, want the error of the commit", i, err)
		}
	}
	if followed {
		t.Error("AfterCommit ran though the commit failed")
	}
	if got := thingsIn(t, db); len(got) != 0 {
		t.Errorf("things = %v after a failed commit", got)
	}
	write(t, db, "later")
}

// TestOneFailsTheOthersRunAgain has each misdeed happen in a batch without savepoints.
func TestOneFailsTheOthersRunAgain(t *testing.T) {
	t.Parallel()
	for _, misdeed := range misdeeds {
		t.Run(misdeed.name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, things)
			var ran, followed [2]atomic.Int32
			good := func(i int) database.Work {
				return func(ctx context.Context, tx *database.Tx) error {
					ran[i].Add(1)
					tx.AfterCommit(func() { followed[i].Add(1) })
					return insert(ctx, tx, "good"+strconv.Itoa(i))
				}
			}
			errs := together(t, db, good(0), misdeed.work, good(1))
			if errs[0] != nil || !misdeed.ok(errs[1]) || errs[2] != nil {
				t.Errorf("errors: %v", errs)
			}
			if diff := cmp.Diff([]string{"good0", "good1"}, thingsIn(t, db)); diff != "" {
				t.Errorf("things (-want +got):\n%s", diff)
			}
			if ran[0].Load() != 2 || ran[1].Load() != 1 {
				t.Errorf("ran %d and %d times, want 2 (undone once) and 1", ran[0].Load(), ran[1].Load())
			}
			if followed[0].Load() != 1 || followed[1].Load() != 1 {
				t.Errorf("AfterCommit ran %d and %d times", followed[0].Load(), followed[1].Load())
			}
			if db.Stats().Retries == 0 {
				t.Error("no repetition counted")
			}
		})
	}
}

// What has started is completed, also when it has to start again and nobody waits for
// it any more.
func TestRunAgainWithoutItsContext(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	database.Patient(db)
	release := block(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left, failed := make(chan error, 1), make(chan error, 1)
	go func() {
		left <- db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			cancel()
			return insert(ctx, tx, "left")
		})
	}()
	await(t, func() bool { return db.Stats().Waiting == 1 })
	go func() { failed <- db.Write(context.Background(), misdeeds[0].work) }()
	await(t, func() bool { return db.Stats().Waiting == 2 })
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-left; err != nil {
		t.Errorf("the caller that left: %v", err)
	}
	if err := <-failed; !errors.Is(err, errRefused) {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"left"}, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
	if db.Stats().Retries == 0 {
		t.Error("nobody ran again")
	}
}

// Close waits for work that has to start again.
func TestRunAgainWhileClosing(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLite(t)
	db := dbtest.OpenURL(t, url, things)
	database.Patient(db)
	release := block(t, db)
	good, failed, closed := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		good <- db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, "good") })
	}()
	await(t, func() bool { return db.Stats().Waiting == 1 })
	go func() { failed <- db.Write(context.Background(), misdeeds[0].work) }()
	await(t, func() bool { return db.Stats().Waiting == 2 })
	go func() { closed <- db.Close() }()
	await(t, func() bool { // who comes now is refused, or leaves the queue again
		ctx, leave := context.WithTimeout(t.Context(), time.Millisecond)
		defer leave()
		return errors.Is(db.Write(ctx, func(context.Context, *database.Tx) error { return nil }), database.ErrClosed)
	})
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-good; err != nil {
		t.Errorf("the caller that ran again: %v", err)
	}
	if err := <-failed; !errors.Is(err, errRefused) {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"good"}, thingsIn(t, dbtest.OpenURL(t, url))); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
}

// Who fails without having changed anything has nothing to take back.
func TestFailureThatChangedNothingUndoesNobody(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	write(t, db, "there")
	before := db.Stats()
	good := func(id string) database.Work {
		return func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, id) }
	}
	errs := together(t, db,
		good("a"),
		func(context.Context, *database.Tx) error { return errRefused },
		good("b"),
		func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, "there") },
		func(ctx context.Context, tx *database.Tx) error {
			if _, err := tx.Exec(ctx, "UPDATE things SET n = ? WHERE id = ?", 7, "nowhere"); err != nil {
				return err
			}
			var n int
			if err := tx.QueryRow(ctx, "SELECT n FROM things WHERE id = ?", "there").Scan(&n); err != nil {
				return err
			}
			return errRefused
		},
		good("c"),
	)
	if errs[0] != nil || !errors.Is(errs[1], errRefused) || errs[2] != nil || !database.IsDuplicate(errs[3]) || !errors.Is(errs[4], errRefused) || errs[5] != nil {
		t.Errorf("errors: %v", errs)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "there"}, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-want +got):\n%s", diff)
	}
	after := db.Stats()
	if after.Retries != before.Retries {
		t.Errorf("%d ran again", after.Retries-before.Retries)
	}
}

// TestBatchesOfAnyKind mixes everything that a caller can do, in batches with
// savepoints and without, and keeps books.
func TestBatchesOfAnyKind(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	random := rand.New(rand.NewPCG(1, 2))
	want := []string{}
	for round := range 150 {
		size := 1 + random.IntN(12)
		works, ids := make([]database.Work, size), make([]string, size)
		for i := range works {
			id := fmt.Sprintf("%03d-%02d", round, i)
			insertIt := func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, id) }
			switch random.IntN(60) {
			case 0:
				works[i] = misdeeds[random.IntN(len(misdeeds))].work
			case 1:
				works[i] = func(context.Context, *database.Tx) error { return errRefused }
			default:
				works[i], ids[i] = insertIt, id
			}
		}
		for i, err := range together(t, db, works...) {
			if (err == nil) != (ids[i] != "") {
				t.Fatalf("round %d, caller %d (%q): %v", round, i, ids[i], err)
			}
			if err == nil {
				want = append(want, ids[i])
			}
		}
	}
	if diff := cmp.Diff(want, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-acknowledged +got):\n%s", diff)
	}
	if s := db.Stats(); s.Retries == 0 || s.Retries > uint64(len(want)) {
		t.Errorf("%d of %d ran again", s.Retries, len(want))
	}
}

// A caller that swallows the error with which SQLite ended the transaction takes
// nobody's acknowledged work with it.
func TestFullDatabaseUnderASwallower(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things, fstest.MapFS{"0002_create_blobs.up.sql": {Data: []byte(
		`CREATE TABLE blobs (id VARCHAR(30) PRIMARY KEY, body MEDIUMBLOB)`)}})
	limit(t, db, 40)
	good := func(id string) database.Work {
		return func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, id) }
	}
	errs := together(t, db, good("a"), func(ctx context.Context, tx *database.Tx) error {
		_, _ = tx.Exec(ctx, "INSERT INTO blobs (id, body) VALUES (?, ?)", "big", make([]byte, 1<<20))
		return nil
	}, good("b"))
	want := []string{}
	for i, id := range []string{"a", "", "b"} {
		if errs[i] == nil && id != "" {
			want = append(want, id)
		}
	}
	if diff := cmp.Diff(want, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-acknowledged +got):\n%s", diff)
	}
	limit(t, db, 1<<20)
	write(t, db, "later")
}

// TestFullDatabase lets SQLite run out of pages within a batch: what was acknowledged
// is there, the rest is not.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things, fstest.MapFS{"0002_create_blobs.up.sql": {Data: []byte(
		`CREATE TABLE blobs (id VARCHAR(30) PRIMARY KEY, body MEDIUMBLOB)`)}})
	limit(t, db, 40)
	works := make([]database.Work, 9)
	for i := range works {
		works[i] = func(ctx context.Context, tx *database.Tx) error {
			if err := insert(ctx, tx, strconv.Itoa(i)); err != nil {
				return err
			}
			if i%3 == 1 {
				_, _ = tx.Exec(ctx, "INSERT INTO blobs (id, body) VALUES (?, ?)", i, make([]byte, 1<<20)) // swallowed
			}
			return nil
		}
	}
	want := []string{}
	for i, err := range together(t, db, works...) {
		if err == nil {
			want = append(want, strconv.Itoa(i))
		}
	}
	if diff := cmp.Diff(want, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-acknowledged +got):\n%s", diff)
	}
	limit(t, db, 1<<20)
	write(t, db, "later")
}

func limit(t *testing.T, db *database.DB, pages int) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("PRAGMA max_page_count=%d", pages))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSettingsAreWhatIsClaimed(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t)
	written, read := map[string]string{}, map[string]string{}
	err := errors.Join(
		db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return pragmas(ctx, tx, written) }),
		db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error { return pragmas(ctx, q, read) }),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0"}
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("writer (-want +got):\n%s", diff)
	}
	if read["query_only"] != "1" || read["journal_mode"] != "wal" {
		t.Errorf("reader: %v, want query_only", read)
	}
}

func pragmas(ctx context.Context, tx *database.Tx, values map[string]string) error {
	for _, name := range []string{"journal_mode", "synchronous", "foreign_keys", "query_only"} {
		var value string
		if err := tx.QueryRow(ctx, "PRAGMA "+name).Scan(&value); err != nil {
			return err
		}
		values[name] = value
	}
	return nil
}

func TestManyStatementsAreKept(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	write(t, db, "a")
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		for i := range 1000 {
			var n int
			if err := q.QueryRow(ctx, fmt.Sprintf("SELECT n + %d FROM things WHERE id = ?", i), "a").Scan(&n); err != nil || n != i+1 {
				return fmt.Errorf("query %d gave %d: %w", i, n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

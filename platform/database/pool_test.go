package database_test

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"net/url"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// The location bounds the connections: one writer more than there may be waits for its
// turn.
func TestPoolIsAsLargeAsTheLocationSays(t *testing.T) {
	t.Parallel()
	db := openPool(t, url.Values{"conns": {"2"}, "lifetime": {"90s"}, "idle": {"30s"}})
	first, second := block(t, db), block(t, db)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := db.Write(ctx, func(context.Context, *database.Tx) error { return errors.New("there was a third connection") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third writer: %v", err)
	}
	if err := errors.Join(first(), second()); err != nil {
		t.Error(err)
	}
	write(t, db, "third")
}

// openPool opens a database on a server with parameters in its location.
func openPool(t *testing.T, parameters url.Values) *database.DB {
	t.Helper()
	location := dbtest.MySQL(t)
	dbtest.OpenURL(t, location, things)
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	maps.Copy(query, parameters)
	u.RawQuery = query.Encode()
	return openAt(t, u.String())
}

// The first query that bun builds needs no connection beside the one of its Read, for
// which it would wait for ever.
func TestBuilderNeedsNoSecondConnection(t *testing.T) {
	t.Parallel()
	db := openPool(t, url.Values{"conns": {"1"}})
	done := make(chan error, 1)
	go func() {
		done <- db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			if err := q.QueryRow(ctx, "SELECT n FROM things WHERE id = ?", "nobody").Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			_, err := q.Bun().NewSelect().Table("things").Count(ctx)
			return err
		})
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a second connection")
	}
}

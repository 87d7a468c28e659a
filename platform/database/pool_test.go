package database_test

import (
	"context"
	"errors"
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
	location := dbtest.MySQL(t)
	dbtest.OpenURL(t, location, things)
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("conns", "2")
	query.Set("lifetime", "90s")
	query.Set("idle", "30s")
	u.RawQuery = query.Encode()
	db := openAt(t, u.String())
	first, second := block(t, db), block(t, db)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err = db.Write(ctx, func(context.Context, *database.Tx) error { return errors.New("there was a third connection") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third writer: %v", err)
	}
	if err := errors.Join(first(), second()); err != nil {
		t.Error(err)
	}
	write(t, db, "third")
}

package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/users/internal/account"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/modules/users/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// Two who have read a token as unused may both try to use it; the update itself decides
// between them.
func TestUseRefreshOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write := func(work database.Work) error { return db.Write(t.Context(), work) }
		current := session.Session{ID: "ses_1", AccountID: "usr_1", CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
		token := session.RefreshToken{Hash: "hash", SessionID: current.ID, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
		var first, second session.Refresh
		err := write(func(ctx context.Context, tx *database.Tx) (err error) {
			owner := account.Account{ID: "usr_1", Email: "a@b.c", EmailKey: "a@b.c", Version: 1, VerifiedAt: start, CreatedAt: start}
			if err := errors.Join(account.Insert(ctx, tx, owner), session.Insert(ctx, tx, current),
				session.InsertRefresh(ctx, tx, token)); err != nil {
				return err
			}
			first, err = session.RefreshByHash(ctx, tx, "hash")
			second = first
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		use := func(r session.Refresh) error {
			return write(func(ctx context.Context, tx *database.Tx) error { return session.UseRefresh(ctx, tx, r, start) })
		}
		if err := use(first); err != nil {
			t.Errorf("the first: %v", err)
		}
		if err := use(second); !errors.Is(err, store.ErrChanged) {
			t.Errorf("the second: %v, want ErrChanged", err)
		}
	}, migrations.Files)
}

// What has a field that its row does not keep, or the other way round, fails here. What
// only statements write has no field.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, session.RowOf, session.FromRow)
	dbtest.RoundTrip(t, session.FromRow, session.RowOf, cmpopts.IgnoreFields(session.Row{}, "EndedWhy"))
	dbtest.RoundTrip(t, session.RefreshRowOf, session.FromRefreshRow)
	dbtest.RoundTrip(t, session.FromRefreshRow, session.RefreshRowOf)
	dbtest.RoundTrip(t, session.CookieRowOf, session.FromCookieRow)
	dbtest.RoundTrip(t, session.FromCookieRow, session.CookieRowOf)
}

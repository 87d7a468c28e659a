package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/account"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
)

func text(s string) *string { return &s }

func anyVersion(int64) error { return nil }

func TestMe(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	if got, err := w.Accounts.Me(ctx); err != nil || got != user {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := w.Accounts.Me(context.Background())
	userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
	w.Run(`UPDATE users_accounts SET disabled_at = 1`)
	_, err = w.Accounts.Me(ctx)
	userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
	_, err = w.Accounts.Rename(ctx, account.Names{FirstName: text("Eve")}, anyVersion)
	userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
}

func TestRename(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
	want := user
	want.FirstName, want.MiddleName, want.Version = "Augusta", "Ada", 2
	got, err := w.Accounts.Rename(ctx, account.Names{FirstName: text(" Augusta "), MiddleName: text("Ada")}, anyVersion)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	if got, err := w.Accounts.Me(ctx); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.Accounts.Rename(ctx, account.Names{FirstName: text("Augusta")}, anyVersion); err != nil || got.Version != 2 {
		t.Errorf("no change made a version: %+v, %v", got, err)
	}
	if got, err := w.Accounts.Rename(ctx, account.Names{MiddleName: text("")}, anyVersion); err != nil || got.MiddleName != "" {
		t.Errorf("middle name not cleared: %+v, %v", got, err)
	}
	_, err = w.Accounts.Rename(ctx, account.Names{FirstName: text(""), LastName: text("a\nb")}, anyVersion)
	userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
	if diff := cmp.Diff([]string{"/first_name", "/last_name"}, userstest.Pointers(err)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	mismatch, seen := errors.New("not this one"), int64(0)
	_, err = w.Accounts.Rename(ctx, account.Names{FirstName: text("Eve")}, func(v int64) error { seen = v; return mismatch })
	if !errors.Is(err, mismatch) || seen != 3 {
		t.Errorf("version %d, %v", seen, err)
	}
}

// Of changes that were all made for one version, one may come through.
func TestRenameAtOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
		stale := errors.New("stale")
		succeeded := 0
		for _, err := range userstest.Together(8, func(i int) error {
			_, err := w.Accounts.Rename(ctx, account.Names{FirstName: text(string(rune('A' + i)))}, func(v int64) error {
				if v != 1 {
					return stale
				}
				return nil
			})
			return err
		}) {
			if err == nil {
				succeeded++
			} else if !errors.Is(err, stale) && fault.CodeOf(err) != fault.Aborted {
				t.Error(err)
			}
		}
		if n := w.Count(`SELECT version FROM users_accounts`); succeeded != 1 || n != 2 {
			t.Errorf("%d succeeded, version %d", succeeded, n)
		}
	})
}

func TestPublicProfile(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	in := userstest.NewForm(userstest.Ada, userstest.Secret)
	in.LastName = "Öberg"
	w.Register(in)
	w.Clock.Pass(time.Minute)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	got, err := w.Accounts.PublicProfile(context.Background(), user.ID)
	want := account.Public{ID: user.ID, DisplayName: "Ada L.", CreatedAt: user.CreatedAt}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	for _, id := range []string{"", "me", "usr_01kan4v6e8fx2s1gq0vj5t3x7c", "mrc_01kan4v6e8fx2s1gq0vj5t3x7c", user.ID + "x"} {
		_, err := w.Accounts.PublicProfile(context.Background(), id)
		userstest.Wants(t, err, fault.NotFound, "user_not_found")
	}
	w.Run(`UPDATE users_accounts SET disabled_at = 1`)
	_, err = w.Accounts.PublicProfile(context.Background(), user.ID)
	userstest.Wants(t, err, fault.NotFound, "user_not_found")
}

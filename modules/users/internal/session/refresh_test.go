package session_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/session"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	first := w.SignedIn()
	w.Clock.Pass(14 * time.Minute)
	second := w.Refresh(first.Refresh)
	was, is := w.Claims(first.Access), w.Claims(second.Access)
	if is.SessionID != was.SessionID || is.TokenID == was.TokenID || !is.Expires.Equal(w.Clock.Now().Add(15*time.Minute)) || second.Refresh == first.Refresh {
		t.Errorf("%+v then %+v", was, is)
	}
	third := w.Refresh(second.Refresh)
	w.Refresh(third.Refresh)
}

func TestFailure25_Refresh(t *testing.T) {
	t.Parallel()
	t.Run("TenTabsAtOnceGetTheSameSuccessor", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			presented := w.SignedIn().Refresh
			got := make([]session.Tokens, 10)
			for _, err := range userstest.Together(10, func(i int) (err error) {
				got[i], err = w.Sessions.Refresh(context.Background(), presented)
				return err
			}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, tokens := range got {
				if tokens.Refresh != got[0].Refresh {
					t.Errorf("two successors: %q, %q", tokens.Refresh, got[0].Refresh)
				}
				w.Claims(tokens.Access)
			}
			if n := w.Count(`SELECT COUNT(*) FROM users_refresh`); n != 2 {
				t.Errorf("%d tokens in the family", n)
			}
			w.Refresh(got[0].Refresh)
		})
	})
	t.Run("LostReplyMayBeRetried", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		presented := w.SignedIn().Refresh
		lost := w.Refresh(presented)
		w.Clock.Pass(10 * time.Second)
		if again := w.Refresh(presented); again.Refresh != lost.Refresh {
			t.Errorf("%q then %q", lost.Refresh, again.Refresh)
		}
	})
	t.Run("ReuseEndsTheFamily", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			stolen := w.SignedIn().Refresh
			elsewhere := w.Login(userstest.Ada, userstest.Secret)
			current := w.Refresh(w.Refresh(stolen).Refresh).Refresh
			w.Clock.Pass(10*time.Second + time.Microsecond)
			w.RefusesRefresh(stolen)
			w.RefusesRefresh(current)
			w.RefusesRefresh(stolen)
			if w.Sessions.Reuses() != 1 || w.Count(`SELECT COUNT(*) FROM users_sessions WHERE ended_why = 'reuse'`) != 1 {
				t.Errorf("%d reuses", w.Sessions.Reuses())
			}
			w.Refresh(elsewhere.Refresh) // another session of the same account goes on
		})
	})
	t.Run("AThousandRefreshesAreNoReuse", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		current := w.SignedIn().Refresh
		for range 1000 {
			w.Clock.Pass(13 * time.Minute)
			current = w.Refresh(current).Refresh
		}
		if w.Sessions.Reuses() != 0 {
			t.Errorf("%d reuses", w.Sessions.Reuses())
		}
	})
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	t.Run("Unknown", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		access := w.SignedIn().Access
		for _, presented := range []string{"", "srt_", "x", access, "srt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
			w.RefusesRefresh(presented)
		}
	})
	t.Run("SuccessorBeforeItsTime", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		elsewhere := userstest.NewWorld(t) // has another secret
		stolen := elsewhere.Refresh(elsewhere.SignedIn().Refresh).Refresh
		w.SignedIn()
		w.RefusesRefresh(stolen)
	})
	t.Run("NotUsedForAMonth", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		presented := w.SignedIn().Refresh
		w.Clock.Pass(720 * time.Hour)
		w.RefusesRefresh(presented)
	})
	t.Run("SessionOver", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		current := w.SignedIn().Refresh
		for range 3 {
			w.Clock.Pass(700 * time.Hour)
			current = w.Refresh(current).Refresh
		}
		w.Clock.Pass(60 * time.Hour)
		w.RefusesRefresh(current)
	})
	t.Run("Disabled", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		presented := w.SignedIn().Refresh
		w.Run(`UPDATE users_accounts SET disabled_at = 1`)
		w.RefusesRefresh(presented)
	})
}

func TestLogout(t *testing.T) {
	t.Parallel()
	for name, logout := range map[string]func(w *userstest.World, tokens session.Tokens) error{
		"ByRefreshToken": func(w *userstest.World, tokens session.Tokens) error {
			return w.Sessions.Logout(context.Background(), tokens.Refresh)
		},
		"ByAccessToken": func(w *userstest.World, tokens session.Tokens) error {
			return w.Sessions.Logout(w.As(tokens.Access), "")
		},
		"ByBoth": func(w *userstest.World, tokens session.Tokens) error {
			return w.Sessions.Logout(w.As(tokens.Access), tokens.Refresh)
		},
		"ByUsedToken": func(w *userstest.World, tokens session.Tokens) error {
			w.Refresh(tokens.Refresh)
			return w.Sessions.Logout(context.Background(), tokens.Refresh)
		},
		"Twice": func(w *userstest.World, tokens session.Tokens) error {
			if err := w.Sessions.Logout(context.Background(), tokens.Refresh); err != nil {
				return err
			}
			return w.Sessions.Logout(context.Background(), tokens.Refresh)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := userstest.NewWorld(t)
			tokens := w.SignedIn()
			elsewhere := w.Login(userstest.Ada, userstest.Secret)
			if err := logout(w, tokens); err != nil {
				t.Fatal(err)
			}
			w.RefusesRefresh(tokens.Refresh)
			w.Refresh(elsewhere.Refresh)
		})
	}
	t.Run("UnknownTokenIsNoError", func(t *testing.T) {
		t.Parallel()
		if err := userstest.NewWorld(t).Sessions.Logout(context.Background(), "srt_x"); err != nil {
			t.Error(err)
		}
	})
	t.Run("Nobody", func(t *testing.T) {
		t.Parallel()
		userstest.Wants(t, userstest.NewWorld(t).Sessions.Logout(context.Background(), ""), fault.Unauthenticated, "unauthenticated")
	})
}

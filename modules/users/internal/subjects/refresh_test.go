package subjects_test

import (
	"context"
	"testing"
	"time"

	"app/modules/users/internal/session"
	"app/platform/fault"
)

func (w *world) refresh(presented string) session.Tokens {
	w.t.Helper()
	tokens, err := w.Sessions.Refresh(context.Background(), presented)
	if err != nil {
		w.t.Fatal(err)
	}
	return tokens
}

func (w *world) refusesRefresh(presented string) {
	w.t.Helper()
	tokens, err := w.Sessions.Refresh(context.Background(), presented)
	wants(w.t, err, fault.Unauthenticated, "refresh_token_invalid")
	if tokens != (session.Tokens{}) {
		w.t.Errorf("got %+v", tokens)
	}
}

func (w *world) signedIn() session.Tokens {
	w.t.Helper()
	w.signUp(ada, secret)
	return w.login(ada, secret)
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.signedIn()
	w.clock.pass(14 * time.Minute)
	second := w.refresh(first.Refresh)
	was, is := w.claims(first.Access), w.claims(second.Access)
	if is.SessionID != was.SessionID || is.TokenID == was.TokenID || !is.Expires.Equal(w.clock.Now().Add(15*time.Minute)) || second.Refresh == first.Refresh {
		t.Errorf("%+v then %+v", was, is)
	}
	third := w.refresh(second.Refresh)
	w.refresh(third.Refresh)
}

func TestFailure25_Refresh(t *testing.T) {
	t.Parallel()
	t.Run("TenTabsAtOnceGetTheSameSuccessor", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			presented := w.signedIn().Refresh
			got := make([]session.Tokens, 10)
			for _, err := range together(10, func(i int) (err error) {
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
				w.claims(tokens.Access)
			}
			if n := w.count(`SELECT COUNT(*) FROM users_refresh`); n != 2 {
				t.Errorf("%d tokens in the family", n)
			}
			w.refresh(got[0].Refresh)
		})
	})
	t.Run("LostReplyMayBeRetried", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		presented := w.signedIn().Refresh
		lost := w.refresh(presented)
		w.clock.pass(10 * time.Second)
		if again := w.refresh(presented); again.Refresh != lost.Refresh {
			t.Errorf("%q then %q", lost.Refresh, again.Refresh)
		}
	})
	t.Run("ReuseEndsTheFamily", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			stolen := w.signedIn().Refresh
			elsewhere := w.login(ada, secret)
			current := w.refresh(w.refresh(stolen).Refresh).Refresh
			w.clock.pass(10*time.Second + time.Microsecond)
			w.refusesRefresh(stolen)
			w.refusesRefresh(current)
			w.refusesRefresh(stolen)
			if w.Sessions.Reuses() != 1 || w.count(`SELECT COUNT(*) FROM users_sessions WHERE ended_why = 'reuse'`) != 1 {
				t.Errorf("%d reuses", w.Sessions.Reuses())
			}
			w.refresh(elsewhere.Refresh) // another session of the same account goes on
		})
	})
	t.Run("AThousandRefreshesAreNoReuse", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		current := w.signedIn().Refresh
		for range 1000 {
			w.clock.pass(13 * time.Minute)
			current = w.refresh(current).Refresh
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
		w := newWorld(t)
		access := w.signedIn().Access
		for _, presented := range []string{"", "srt_", "x", access, "srt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
			w.refusesRefresh(presented)
		}
	})
	t.Run("SuccessorBeforeItsTime", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		elsewhere := newWorld(t) // has another secret
		stolen := elsewhere.refresh(elsewhere.signedIn().Refresh).Refresh
		w.signedIn()
		w.refusesRefresh(stolen)
	})
	t.Run("NotUsedForAMonth", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		presented := w.signedIn().Refresh
		w.clock.pass(720 * time.Hour)
		w.refusesRefresh(presented)
	})
	t.Run("SessionOver", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		current := w.signedIn().Refresh
		for range 3 {
			w.clock.pass(700 * time.Hour)
			current = w.refresh(current).Refresh
		}
		w.clock.pass(60 * time.Hour)
		w.refusesRefresh(current)
	})
	t.Run("Disabled", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		presented := w.signedIn().Refresh
		w.run(`UPDATE users_accounts SET disabled_at = 1`)
		w.refusesRefresh(presented)
	})
}

func TestLogout(t *testing.T) {
	t.Parallel()
	for name, logout := range map[string]func(w *world, tokens session.Tokens) error{
		"ByRefreshToken": func(w *world, tokens session.Tokens) error {
			return w.Sessions.Logout(context.Background(), tokens.Refresh)
		},
		"ByAccessToken": func(w *world, tokens session.Tokens) error { return w.Sessions.Logout(w.as(tokens.Access), "") },
		"ByBoth": func(w *world, tokens session.Tokens) error {
			return w.Sessions.Logout(w.as(tokens.Access), tokens.Refresh)
		},
		"ByUsedToken": func(w *world, tokens session.Tokens) error {
			w.refresh(tokens.Refresh)
			return w.Sessions.Logout(context.Background(), tokens.Refresh)
		},
		"Twice": func(w *world, tokens session.Tokens) error {
			if err := w.Sessions.Logout(context.Background(), tokens.Refresh); err != nil {
				return err
			}
			return w.Sessions.Logout(context.Background(), tokens.Refresh)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tokens := w.signedIn()
			elsewhere := w.login(ada, secret)
			if err := logout(w, tokens); err != nil {
				t.Fatal(err)
			}
			w.refusesRefresh(tokens.Refresh)
			w.refresh(elsewhere.Refresh)
		})
	}
	t.Run("UnknownTokenIsNoError", func(t *testing.T) {
		t.Parallel()
		if err := newWorld(t).Sessions.Logout(context.Background(), "srt_x"); err != nil {
			t.Error(err)
		}
	})
	t.Run("Nobody", func(t *testing.T) {
		t.Parallel()
		wants(t, newWorld(t).Sessions.Logout(context.Background(), ""), fault.Unauthenticated, "unauthenticated")
	})
}

func TestSweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		current := w.signedIn().Refresh
		w.code("pending@example.com", secret)
		sweep := func() {
			for more := true; more; {
				var err error
				if more, err = w.SweepOnce(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows := func() [3]int {
			return [3]int{w.count(`SELECT COUNT(*) FROM users_codes`), w.count(`SELECT COUNT(*) FROM users_sessions`), w.count(`SELECT COUNT(*) FROM users_refresh`)}
		}
		sweep()
		if got := rows(); got != [3]int{2, 1, 1} {
			t.Errorf("fresh rows are gone: %v", got)
		}
		w.clock.pass(600 * time.Hour)
		current = w.refresh(current).Refresh
		w.clock.pass(600 * time.Hour)
		sweep()
		if got := rows(); got != [3]int{0, 1, 1} {
			t.Errorf("after 1,200 hours: %v", got)
		}
		w.refresh(current)
		w.clock.pass(2160 * time.Hour)
		sweep()
		if got := rows(); got != [3]int{0, 0, 0} {
			t.Errorf("in the end: %v", got)
		}
	})
}

package session_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/callctx"
	"app/platform/fault"
)

func TestBrowserSession(t *testing.T) {
	t.Parallel()
	t.Run("Opens", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			user := w.SignUp(userstest.Ada, userstest.Secret)
			in := w.Browse(context.Background())
			b, err := w.Sessions.Browser(context.Background(), in.Browser.Token)
			want := session.Browser{UserID: user.ID, SessionID: in.Session.ID, Expires: w.Clock.Now().Add(168 * time.Hour)}
			if err != nil || b != want {
				t.Errorf("got %+v, %v, want %+v", b, err, want)
			}
			if n := w.Count(`SELECT COUNT(*) FROM users_cookies WHERE token_hash = ?`, in.Browser.Token); n != 0 {
				t.Error("the cookie itself is kept")
			}
			w.Closed("")
			w.Closed(strings.Repeat("A", 43))
			w.Closed(in.Browser.Token + "x")
		})
	})
	t.Run("IdleFor7Days", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		in := w.Browse(context.Background())
		w.Clock.Pass(167 * time.Hour)
		w.InBrowser(in.Browser.Token)
		w.Clock.Pass(167 * time.Hour)
		w.InBrowser(in.Browser.Token)
		w.Clock.Pass(168 * time.Hour)
		w.Closed(in.Browser.Token)
	})
	t.Run("NotLongerThan30Days", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		in := w.Browse(context.Background())
		for range 29 {
			w.Clock.Pass(24 * time.Hour)
			w.InBrowser(in.Browser.Token)
		}
		w.Clock.Pass(24 * time.Hour)
		w.Closed(in.Browser.Token)
	})
	t.Run("UseIsNotedOnceAMinute", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		in := w.Browse(context.Background())
		last := func() int { return w.Count(`SELECT last_used_at FROM users_sessions`) }
		start := last()
		w.Clock.Pass(59 * time.Second)
		if w.InBrowser(in.Browser.Token); last() != start {
			t.Error("noted within the minute")
		}
		w.Clock.Pass(time.Second)
		if w.InBrowser(in.Browser.Token); last() != start+60_000_000 {
			t.Errorf("noted %d us later", last()-start)
		}
	})
	t.Run("Disabled", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		in := w.Browse(context.Background())
		w.Run(`UPDATE users_accounts SET disabled_at = 1`)
		w.Closed(in.Browser.Token)
	})
}

// A cookie that somebody planted in a browser before the sign-in is worth nothing after
// it, and so is the user's own from before.
func TestFailure30_NewCookieAtEverySignIn(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		before := w.Browse(context.Background())
		after := w.Browse(w.InBrowser(before.Browser.Token))
		if after.Browser.Token == before.Browser.Token || after.Session.ID == before.Session.ID {
			t.Errorf("%+v then %+v", before, after)
		}
		w.Closed(before.Browser.Token)
		if revoked, _ := w.Revoked(0); len(revoked) != 1 || revoked[0] != before.Session.ID {
			t.Errorf("gateways are told of %q", revoked)
		}
		elsewhere := w.Browse(context.Background())
		w.InBrowser(after.Browser.Token)
		w.InBrowser(elsewhere.Browser.Token)
	})
}

// A step up gives the session a new cookie: the one from before opens nothing, here and
// at the gateways.
func TestFailure30_NewCookieAtStepUp(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		before := w.Browse(context.Background())
		after, err := w.SignIns.StepUp(w.InBrowser(before.Browser.Token), signin.StepUpProof{Method: authn.ByPassword, Password: userstest.Secret})
		if err != nil || after.Session.ID != before.Session.ID || after.Browser.Token == before.Browser.Token {
			t.Fatalf("%+v, %v", after, err)
		}
		w.Closed(before.Browser.Token)
		w.InBrowser(after.Browser.Token)
		if revoked, _ := w.Revoked(0); len(revoked) != 1 || len(revoked[0]) != 64 {
			t.Errorf("gateways are told of %q", revoked)
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	t.Run("List", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignUp(userstest.Ada, userstest.Secret)
			tokens := w.Login(userstest.Ada, userstest.Secret)
			w.Clock.Pass(time.Minute)
			ctx := callctx.WithClient(context.Background(), callctx.Client{Agent: "Firefox", Network: "203.0.113.0/24"})
			browser := w.Browse(ctx)
			got, err := w.Sessions.List(w.As(tokens.Access), "", 10)
			if err != nil || len(got) != 2 || got[0].ID != browser.Session.ID || got[0].Current || !got[1].Current {
				t.Fatalf("%+v, %v", got, err)
			}
			if got[0].UserAgent != "Firefox" || got[0].Network != "203.0.113.0/24" || got[0].Transport != "cookie" || got[0].Methods != "password" || got[0].Level != 1 {
				t.Errorf("%+v", got[0])
			}
			second, err := w.Sessions.List(w.As(tokens.Access), got[0].ID, 10)
			if err != nil || len(second) != 1 || second[0].ID != got[1].ID {
				t.Errorf("%+v, %v", second, err)
			}
		})
	})
	t.Run("EndOne", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignUp(userstest.Ada, userstest.Secret)
			tokens, browser := w.Login(userstest.Ada, userstest.Secret), w.Browse(context.Background())
			if err := w.Sessions.End(w.As(tokens.Access), browser.Session.ID); err != nil {
				t.Fatal(err)
			}
			w.Closed(browser.Browser.Token)
			w.Refresh(tokens.Refresh)
			userstest.Wants(t, w.Sessions.End(w.As(tokens.Access), browser.Session.ID), fault.NotFound, "session_not_found")
		})
	})
	t.Run("AnothersIsNotThere", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		w.SignUp("bob@example.com", userstest.Secret)
		browser := w.Browse(context.Background())
		bob := w.As(w.Login("bob@example.com", userstest.Secret).Access)
		userstest.Wants(t, w.Sessions.End(bob, browser.Session.ID), fault.NotFound, "session_not_found")
		userstest.Wants(t, w.Sessions.End(bob, "ses_x"), fault.NotFound, "session_not_found")
		userstest.Wants(t, w.Sessions.End(context.Background(), browser.Session.ID), fault.Unauthenticated, "unauthenticated")
		w.InBrowser(browser.Browser.Token)
	})
	t.Run("EndAllOthers", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignUp(userstest.Ada, userstest.Secret)
			w.SignUp("bob@example.com", userstest.Secret)
			here, there, bob := w.Login(userstest.Ada, userstest.Secret), w.Login(userstest.Ada, userstest.Secret), w.Login("bob@example.com", userstest.Secret)
			browser := w.Browse(context.Background())
			ended, err := w.Sessions.EndOthers(w.As(here.Access))
			if err != nil || ended != 2 {
				t.Fatalf("%d, %v", ended, err)
			}
			w.RefusesRefresh(there.Refresh)
			w.Closed(browser.Browser.Token)
			w.Refresh(here.Refresh)
			w.Refresh(bob.Refresh)
			if revoked, _ := w.Revoked(0); len(revoked) != 2 {
				t.Errorf("gateways are told of %q", revoked)
			}
		})
	})
	t.Run("OthersNeedAFreshProof", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		here, there := w.Login(userstest.Ada, userstest.Secret), w.Login(userstest.Ada, userstest.Secret)
		ctx, mine, other := w.As(here.Access), w.Claims(here.Access).SessionID, w.Claims(there.Access).SessionID
		w.Clock.Pass(11 * time.Minute)
		_, err := w.Sessions.EndOthers(ctx)
		userstest.Wants(t, err, fault.PermissionDenied, "step_up_required")
		userstest.Wants(t, w.Sessions.End(ctx, other), fault.PermissionDenied, "step_up_required")
		if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: userstest.Secret}); err != nil {
			t.Fatal(err)
		}
		if ended, err := w.Sessions.EndOthers(ctx); err != nil || ended != 1 {
			t.Errorf("%d, %v", ended, err)
		}
		w.Clock.Pass(11 * time.Minute)
		if err := w.Sessions.End(ctx, mine); err != nil {
			t.Errorf("one's own: %v", err)
		}
	})
	t.Run("EndedSessionEndsNoOthers", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		here, there := w.Login(userstest.Ada, userstest.Secret), w.Login(userstest.Ada, userstest.Secret)
		ctx := w.As(here.Access)
		if err := w.Sessions.Logout(ctx, ""); err != nil {
			t.Fatal(err)
		}
		_, err := w.Sessions.EndOthers(ctx)
		userstest.Wants(t, err, fault.Unauthenticated, "unauthenticated")
		w.Refresh(there.Refresh)
	})
}

// Whoever ends all sessions misses none that is opened at the same time with the same
// password.
func TestEndOthersWhileSigningIn(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		here := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
		for _, err := range userstest.Together(8, func(i int) error {
			if i == 0 {
				_, err := w.Credentials.ChangePassword(here, credential.PasswordChange{Current: userstest.Secret, Password: "Other-Horse-10", Confirm: "Other-Horse-10"})
				return err
			}
			_, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: userstest.Secret})
			if fault.ReasonOf(err) == "invalid_credentials" {
				return nil
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_sessions WHERE ended_at IS NULL`); n != 1 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

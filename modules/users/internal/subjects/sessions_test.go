package subjects_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/usersv1"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
)

// browse signs in as a browser does, in a context that may have one's cookie already.
func (w *world) browse(ctx context.Context) session.SignedIn {
	w.t.Helper()
	in, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: ada, Password: secret, Transport: authn.Cookie})
	if err != nil {
		w.t.Fatal(err)
	}
	if in.Browser.Token == "" || in.Tokens != (session.Tokens{}) || in.Ticket != "" {
		w.t.Fatalf("got %+v", in)
	}
	return in
}

// inBrowser is a context in which a browser calls, as the gateway finds out.
func (w *world) inBrowser(cookie string) context.Context {
	w.t.Helper()
	b, err := w.Sessions.Browser(context.Background(), cookie)
	if err != nil {
		w.t.Fatal(err)
	}
	return identity.NewContext(context.Background(), identity.Principal{UserID: b.UserID, SessionID: b.SessionID, Admin: b.Admin, Method: identity.Session})
}

// closed checks that a cookie opens nothing.
func (w *world) closed(cookie string) {
	w.t.Helper()
	b, err := w.Sessions.Browser(context.Background(), cookie)
	wants(w.t, err, fault.NotFound, "session_not_found")
	if b != (session.Browser{}) {
		w.t.Errorf("got %+v", b)
	}
}

// revoked lists what gateways are told after an epoch, and the newest epoch.
func (w *world) revoked(after int64) (subjects []string, epoch int64) {
	w.t.Helper()
	out, err := w.Revocations.Since(context.Background(), after)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range out.List {
		subjects = append(subjects, r.Subject)
	}
	return subjects, out.Epoch
}

func TestBrowserSession(t *testing.T) {
	t.Parallel()
	t.Run("Opens", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			user := w.signUp(ada, secret)
			in := w.browse(context.Background())
			b, err := w.Sessions.Browser(context.Background(), in.Browser.Token)
			want := session.Browser{UserID: user.ID, SessionID: in.Session.ID, Expires: w.clock.Now().Add(168 * time.Hour)}
			if err != nil || b != want {
				t.Errorf("got %+v, %v, want %+v", b, err, want)
			}
			if n := w.count(`SELECT COUNT(*) FROM users_cookies WHERE token_hash = ?`, in.Browser.Token); n != 0 {
				t.Error("the cookie itself is kept")
			}
			w.closed("")
			w.closed(strings.Repeat("A", 43))
			w.closed(in.Browser.Token + "x")
		})
	})
	t.Run("IdleFor7Days", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		in := w.browse(context.Background())
		w.clock.pass(167 * time.Hour)
		w.inBrowser(in.Browser.Token)
		w.clock.pass(167 * time.Hour)
		w.inBrowser(in.Browser.Token)
		w.clock.pass(168 * time.Hour)
		w.closed(in.Browser.Token)
	})
	t.Run("NotLongerThan30Days", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		in := w.browse(context.Background())
		for range 29 {
			w.clock.pass(24 * time.Hour)
			w.inBrowser(in.Browser.Token)
		}
		w.clock.pass(24 * time.Hour)
		w.closed(in.Browser.Token)
	})
	t.Run("UseIsNotedOnceAMinute", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		in := w.browse(context.Background())
		last := func() int { return w.count(`SELECT last_used_at FROM users_sessions`) }
		start := last()
		w.clock.pass(59 * time.Second)
		if w.inBrowser(in.Browser.Token); last() != start {
			t.Error("noted within the minute")
		}
		w.clock.pass(time.Second)
		if w.inBrowser(in.Browser.Token); last() != start+60_000_000 {
			t.Errorf("noted %d us later", last()-start)
		}
	})
	t.Run("Disabled", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		in := w.browse(context.Background())
		w.run(`UPDATE users_accounts SET disabled_at = 1`)
		w.closed(in.Browser.Token)
	})
}

// A cookie that somebody planted in a browser before the sign-in is worth nothing after
// it, and so is the user's own from before.
func TestFailure30_NewCookieAtEverySignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		before := w.browse(context.Background())
		after := w.browse(w.inBrowser(before.Browser.Token))
		if after.Browser.Token == before.Browser.Token || after.Session.ID == before.Session.ID {
			t.Errorf("%+v then %+v", before, after)
		}
		w.closed(before.Browser.Token)
		if revoked, _ := w.revoked(0); len(revoked) != 1 || revoked[0] != before.Session.ID {
			t.Errorf("gateways are told of %q", revoked)
		}
		elsewhere := w.browse(context.Background())
		w.inBrowser(after.Browser.Token)
		w.inBrowser(elsewhere.Browser.Token)
	})
}

// A step up gives the session a new cookie: the one from before opens nothing, here and
// at the gateways.
func TestFailure30_NewCookieAtStepUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		before := w.browse(context.Background())
		after, err := w.SignIns.StepUp(w.inBrowser(before.Browser.Token), signin.StepUpProof{Method: authn.ByPassword, Password: secret})
		if err != nil || after.Session.ID != before.Session.ID || after.Browser.Token == before.Browser.Token {
			t.Fatalf("%+v, %v", after, err)
		}
		w.closed(before.Browser.Token)
		w.inBrowser(after.Browser.Token)
		if revoked, _ := w.revoked(0); len(revoked) != 1 || len(revoked[0]) != 64 {
			t.Errorf("gateways are told of %q", revoked)
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	t.Run("List", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signUp(ada, secret)
			tokens := w.login(ada, secret)
			w.clock.pass(time.Minute)
			ctx := callctx.WithClient(context.Background(), callctx.Client{Agent: "Firefox", Network: "203.0.113.0/24"})
			browser := w.browse(ctx)
			got, err := w.Sessions.List(w.as(tokens.Access), "", 10)
			if err != nil || len(got) != 2 || got[0].ID != browser.Session.ID || got[0].Current || !got[1].Current {
				t.Fatalf("%+v, %v", got, err)
			}
			if got[0].UserAgent != "Firefox" || got[0].Network != "203.0.113.0/24" || got[0].Transport != "cookie" || got[0].Methods != "password" || got[0].Level != 1 {
				t.Errorf("%+v", got[0])
			}
			second, err := w.Sessions.List(w.as(tokens.Access), got[0].ID, 10)
			if err != nil || len(second) != 1 || second[0].ID != got[1].ID {
				t.Errorf("%+v, %v", second, err)
			}
		})
	})
	t.Run("EndOne", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signUp(ada, secret)
			tokens, browser := w.login(ada, secret), w.browse(context.Background())
			if err := w.Sessions.End(w.as(tokens.Access), browser.Session.ID); err != nil {
				t.Fatal(err)
			}
			w.closed(browser.Browser.Token)
			w.refresh(tokens.Refresh)
			wants(t, w.Sessions.End(w.as(tokens.Access), browser.Session.ID), fault.NotFound, "session_not_found")
		})
	})
	t.Run("AnothersIsNotThere", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		w.signUp("bob@example.com", secret)
		browser := w.browse(context.Background())
		bob := w.as(w.login("bob@example.com", secret).Access)
		wants(t, w.Sessions.End(bob, browser.Session.ID), fault.NotFound, "session_not_found")
		wants(t, w.Sessions.End(bob, "ses_x"), fault.NotFound, "session_not_found")
		wants(t, w.Sessions.End(context.Background(), browser.Session.ID), fault.Unauthenticated, "unauthenticated")
		w.inBrowser(browser.Browser.Token)
	})
	t.Run("EndAllOthers", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signUp(ada, secret)
			w.signUp("bob@example.com", secret)
			here, there, bob := w.login(ada, secret), w.login(ada, secret), w.login("bob@example.com", secret)
			browser := w.browse(context.Background())
			ended, err := w.Sessions.EndOthers(w.as(here.Access))
			if err != nil || ended != 2 {
				t.Fatalf("%d, %v", ended, err)
			}
			w.refusesRefresh(there.Refresh)
			w.closed(browser.Browser.Token)
			w.refresh(here.Refresh)
			w.refresh(bob.Refresh)
			if revoked, _ := w.revoked(0); len(revoked) != 2 {
				t.Errorf("gateways are told of %q", revoked)
			}
		})
	})
	t.Run("OthersNeedAFreshProof", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		here, there := w.login(ada, secret), w.login(ada, secret)
		ctx, mine, other := w.as(here.Access), w.claims(here.Access).SessionID, w.claims(there.Access).SessionID
		w.clock.pass(11 * time.Minute)
		_, err := w.Sessions.EndOthers(ctx)
		wants(t, err, fault.PermissionDenied, "step_up_required")
		wants(t, w.Sessions.End(ctx, other), fault.PermissionDenied, "step_up_required")
		if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByPassword, Password: secret}); err != nil {
			t.Fatal(err)
		}
		if ended, err := w.Sessions.EndOthers(ctx); err != nil || ended != 1 {
			t.Errorf("%d, %v", ended, err)
		}
		w.clock.pass(11 * time.Minute)
		if err := w.Sessions.End(ctx, mine); err != nil {
			t.Errorf("one's own: %v", err)
		}
	})
	t.Run("EndedSessionEndsNoOthers", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		here, there := w.login(ada, secret), w.login(ada, secret)
		ctx := w.as(here.Access)
		if err := w.Sessions.Logout(ctx, ""); err != nil {
			t.Fatal(err)
		}
		_, err := w.Sessions.EndOthers(ctx)
		wants(t, err, fault.Unauthenticated, "unauthenticated")
		w.refresh(there.Refresh)
	})
}

// Whoever ends all sessions misses none that is opened at the same time with the same
// password.
func TestEndOthersWhileSigningIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		here := w.as(w.login(ada, secret).Access)
		for _, err := range together(8, func(i int) error {
			if i == 0 {
				_, err := w.Credentials.ChangePassword(here, credential.PasswordChange{Current: secret, Password: "Other-Horse-10", Confirm: "Other-Horse-10"})
				return err
			}
			_, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: secret})
			if fault.ReasonOf(err) == "invalid_credentials" {
				return nil
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM users_sessions WHERE ended_at IS NULL`); n != 1 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

func TestRevocations(t *testing.T) {
	t.Parallel()
	t.Run("InOrderAndNoneMissed", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signUp(ada, secret)
			var sessions []session.Tokens
			for range 12 {
				sessions = append(sessions, w.login(ada, secret))
			}
			seen, after := map[string]bool{}, int64(0)
			follow := func() {
				subjects, epoch := w.revoked(after)
				for _, s := range subjects {
					seen[s] = true
				}
				after = epoch
			}
			for _, err := range together(13, func(i int) error {
				if i == 12 {
					for range 50 {
						follow()
					}
					return nil
				}
				return w.Sessions.Logout(context.Background(), sessions[i].Refresh)
			}) {
				if err != nil {
					t.Error(err)
				}
			}
			follow()
			if len(seen) != 12 || after != 12 {
				t.Errorf("%d seen, epoch %d", len(seen), after)
			}
		})
	})
	t.Run("ForAnHour", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		in := w.signedIn()
		if err := w.Sessions.Logout(context.Background(), in.Refresh); err != nil {
			t.Fatal(err)
		}
		w.clock.pass(time.Hour)
		if subjects, _ := w.revoked(0); len(subjects) != 1 {
			t.Errorf("got %q", subjects)
		}
		w.clock.pass(time.Minute)
		if subjects, epoch := w.revoked(0); len(subjects) != 0 || epoch != 1 {
			t.Errorf("got %q, epoch %d", subjects, epoch)
		}
		w.clock.pass(time.Second)
		if _, err := w.SweepOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM users_revocations`); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
	t.Run("ManyComeInPages", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
			INSERT INTO users_revocations (epoch, kind, subject, created_at, expires_at) SELECT i, 1, 'ses_' || i, 0, 9e18 FROM n`)
		w.run(`UPDATE users_epochs SET value = 2500`)
		total, after, pages := 0, int64(0), 0
		for more := true; more; pages++ {
			out, err := w.Set.Contract().Revocations(context.Background(), &usersv1.RevocationsRequest{After: after})
			if err != nil {
				t.Fatal(err)
			}
			total, after, more = total+len(out.GetRevocations()), out.GetEpoch(), out.GetMore()
		}
		if total != 2500 || after != 2500 || pages != 3 {
			t.Errorf("%d in %d pages, epoch %d", total, pages, after)
		}
	})
	t.Run("FromTheFuture", func(t *testing.T) {
		t.Parallel()
		if subjects, epoch := newWorld(t).revoked(17); len(subjects) != 0 || epoch != 0 {
			t.Errorf("got %q, epoch %d", subjects, epoch)
		}
	})
}

func TestDisable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.signUp(ada, secret)
		tokens, browser := w.login(ada, secret), w.browse(context.Background())
		for i, want := range []bool{true, false} {
			if changed, err := w.Admins.Disable(context.Background(), user.ID); err != nil || changed != want {
				t.Errorf("disable %d: %v, %v", i, changed, err)
			}
		}
		w.refusesRefresh(tokens.Refresh)
		w.closed(browser.Browser.Token)
		if revoked, _ := w.revoked(0); len(revoked) != 2 {
			t.Errorf("gateways are told of %q", revoked)
		}
		if changed, err := w.Admins.Enable(context.Background(), user.ID); err != nil || !changed {
			t.Errorf("enable: %v, %v", changed, err)
		}
		w.refusesRefresh(tokens.Refresh)
		w.login(ada, secret)
		if ended, err := w.Admins.SignOutEverywhere(context.Background(), user.ID); err != nil || ended != 1 {
			t.Errorf("sign out: %d, %v", ended, err)
		}
		_, err := w.Admins.Disable(context.Background(), "usr_x")
		wants(t, err, fault.NotFound, "user_not_found")
	})
}

package session_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/userstest"
	"app/platform/identity"
)

// Where a second factor is demanded, what a session opens follows from its level,
// whatever carries it and whenever it was opened; a plain buyer is asked for nothing.
func TestFactorRequired(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.Set = w.With(func(o *subjects.Options) { o.FactorRequired = true })
		ctx := context.Background()
		if _, err := w.Admins.MakeAdmin(ctx, userstest.Ada, userstest.Secret); err != nil {
			t.Fatal(err)
		}
		browser := func(in session.SignedIn) session.Browser {
			t.Helper()
			b, err := w.Sessions.Browser(ctx, in.Browser.Token)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		cookie, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: userstest.Ada, Password: userstest.Secret, Transport: authn.Cookie})
		if err != nil {
			t.Fatal(err)
		}
		tokens := w.Login(userstest.Ada, userstest.Secret)
		p := w.Claims(tokens.Access).Principal()
		if !p.FactorNeeded || !p.AdminWithheld || p.Admin || !browser(cookie).AdminWithheld || browser(cookie).Admin {
			t.Errorf("with one factor: %+v, %+v", p, browser(cookie))
		}
		g, recovery := w.Enrol(identity.NewContext(ctx, p))
		tokens = w.Refresh(tokens.Refresh)
		want := identity.Principal{UserID: p.UserID, SessionID: p.SessionID, Method: identity.Bearer, Admin: true}
		if diff := cmp.Diff(want, w.Claims(tokens.Access).Principal()); diff != "" {
			t.Errorf("after enrolment: -want +got\n%s", diff)
		}
		if b := browser(cookie); b.Admin || !b.FactorNeeded {
			t.Errorf("the browser's session from before: %+v", b)
		}
		out, err := w.SignIns.StepUp(identity.NewContext(ctx, identity.Principal{UserID: p.UserID, SessionID: browser(cookie).SessionID, Method: identity.Session}), signin.StepUpProof{Method: authn.ByRecovery, Proof: code.Proof{Code: recovery[0]}})
		if err != nil {
			t.Fatal(err)
		}
		if b := browser(out); !b.Admin || b.FactorNeeded || b.AdminWithheld {
			t.Errorf("the browser's session afterwards: %+v", b)
		}
		in, err := w.SignIns.CompleteSignIn(ctx, w.Ticket(), g.Next())
		if err != nil || !w.Claims(in.Tokens.Access).Admin {
			t.Errorf("signed in with two: %v", err)
		}
		w.SignUp("bob@example.com", userstest.Secret)
		if p := w.Claims(w.Login("bob@example.com", userstest.Secret).Access).Principal(); !p.FactorNeeded || p.AdminWithheld || p.Admin {
			t.Errorf("a buyer: %+v", p)
		}
	})
}

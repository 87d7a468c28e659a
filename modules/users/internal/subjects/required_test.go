package subjects_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/platform/identity"
)

// Where a second factor is demanded, what a session opens follows from its level,
// whatever carries it and whenever it was opened; a plain buyer is asked for nothing.
func TestFactorRequired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Set = w.with(func(o *subjects.Options) { o.FactorRequired = true })
		ctx := context.Background()
		if _, err := w.Admins.MakeAdmin(ctx, ada, secret); err != nil {
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
		cookie, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: ada, Password: secret, Transport: authn.Cookie})
		if err != nil {
			t.Fatal(err)
		}
		tokens := w.login(ada, secret)
		p := w.claims(tokens.Access).Principal()
		if !p.FactorNeeded || !p.AdminWithheld || p.Admin || !browser(cookie).AdminWithheld || browser(cookie).Admin {
			t.Errorf("with one factor: %+v, %+v", p, browser(cookie))
		}
		g, recovery := w.enrol(identity.NewContext(ctx, p))
		tokens = w.refresh(tokens.Refresh)
		want := identity.Principal{UserID: p.UserID, SessionID: p.SessionID, Method: identity.Bearer, Admin: true}
		if diff := cmp.Diff(want, w.claims(tokens.Access).Principal()); diff != "" {
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
		in, err := w.SignIns.CompleteSignIn(ctx, w.ticket(), g.next())
		if err != nil || !w.claims(in.Tokens.Access).Admin {
			t.Errorf("signed in with two: %v", err)
		}
		w.signUp("bob@example.com", secret)
		if p := w.claims(w.login("bob@example.com", secret).Access).Principal(); !p.FactorNeeded || p.AdminWithheld || p.Admin {
			t.Errorf("a buyer: %+v", p)
		}
	})
}

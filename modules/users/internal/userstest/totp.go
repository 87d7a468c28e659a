package userstest

import (
	"context"
	"time"

	"github.com/pquerna/otp/totp"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
	"app/modules/users/usersevents"
	"app/platform/identity"
)

// Generator is somebody's app.
type Generator struct {
	World  *World
	Secret string
}

// Code is the one that the app shows now.
func (g Generator) Code() string {
	g.World.T.Helper()
	code, err := totp.GenerateCode(g.Secret, g.World.Clock.Now())
	if err != nil {
		g.World.T.Fatal(err)
	}
	return code
}

// Next is a code of a later time step than any before.
func (g Generator) Next() factor.Proof {
	g.World.Clock.Pass(30 * time.Second)
	return factor.Proof{Method: authn.ByTOTP, Code: g.Code()}
}

// Enrol sets an authenticator app up in a session and returns it with the recovery codes.
func (w *World) Enrol(ctx context.Context) (Generator, []string) {
	w.T.Helper()
	e, err := w.Factors.EnrolTOTP(ctx)
	if err != nil {
		w.T.Fatal(err)
	}
	g := Generator{w, e.Secret}
	added, err := w.Factors.ConfirmTOTP(ctx, g.Code())
	if err != nil {
		w.T.Fatal(err)
	}
	return g, added.Recovery
}

// Ticket signs in with the password of an account that has a second factor.
func (w *World) Ticket() string {
	w.T.Helper()
	in, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: Ada, Password: Secret})
	if err != nil || in.Ticket == "" || in.Session.ID != "" || in.Tokens.Access != "" {
		w.T.Fatalf("%+v, %v", in, err)
	}
	return in.Ticket
}

// LastChange is what the owner was told last.
func LastChange(w *World) usersevents.CredentialsChange {
	w.T.Helper()
	told := w.Emitted()
	e, ok := told[len(told)-1].(*usersevents.CredentialsChanged)
	if !ok || e.GetEmail() != Ada {
		w.T.Fatalf("told %v", told[len(told)-1])
	}
	return e.GetChange()
}

// SessionLevel reads the level of the session that the context's caller is in.
func SessionLevel(ctx context.Context, w *World) authn.Level {
	w.T.Helper()
	return authn.Level(w.Count(`SELECT level FROM users_sessions WHERE id = ?`, identity.FromContext(ctx).SessionID))
}

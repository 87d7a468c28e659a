package signin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity/token"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	for _, email := range []string{userstest.Ada, "ada@example.com", " ADA@EXAMPLE.COM"} {
		tokens := w.Login(email, userstest.Secret)
		got := w.Claims(tokens.Access)
		want := token.Claims{
			UserID: user.ID, SessionID: got.SessionID, TokenID: got.TokenID, IssuedAt: w.Clock.Now(), Expires: w.Clock.Now().Add(15 * time.Minute),
		}
		if diff := cmp.Diff(want, got); diff != "" || tokens.ExpiresIn != 15*time.Minute || got.TokenID == "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_refresh WHERE token_hash LIKE ?`, "%"+tokens.Refresh+"%"); n != 0 || len(tokens.Refresh) < 40 {
			t.Errorf("refresh token %q, or it is stored as it is", tokens.Refresh)
		}
	}
	if n := w.Count(`SELECT COUNT(*) FROM users_sessions`); n != 3 {
		t.Errorf("%d sessions after three sign-ins", n)
	}
}

// Sign-in must not tell who has an account: the same error after the same number of
// hashes, whatever is wrong.
func TestFailure23_LoginIsTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		const pending, disabled = "pending@example.com", "disabled@example.com"
		w.SignUp(userstest.Ada, userstest.Secret)
		w.Code(pending, userstest.Secret)
		off := w.SignUp(disabled, userstest.Secret)
		w.Run(`UPDATE users_accounts SET disabled_at = 1 WHERE id = ?`, off.ID)
		for name, in := range map[string]signin.Credentials{
			"WrongPassword":       {Email: userstest.Ada, Password: "Wrong-Horse-9"},
			"EmptyPassword":       {Email: userstest.Ada},
			"LongPassword":        {Email: userstest.Ada, Password: strings.Repeat(userstest.Secret, 100)},
			"Unknown":             {Email: "unknown@example.com", Password: userstest.Secret},
			"UnknownEmpty":        {Email: "unknown@example.com"},
			"NotAnAddress":        {Email: "ada", Password: userstest.Secret},
			"NoAddress":           {Password: userstest.Secret},
			"Nothing":             {},
			"Unverified":          {Email: pending, Password: userstest.Secret},
			"UnverifiedWrong":     {Email: pending, Password: "Wrong-Horse-9"},
			"Disabled":            {Email: disabled, Password: userstest.Secret},
			"DisabledWrong":       {Email: disabled, Password: "Wrong-Horse-9"},
			"LikePattern":         {Email: "%@example.com", Password: userstest.Secret},
			"AddressWithTrailing": {Email: userstest.Ada + "\x00", Password: userstest.Secret},
		} {
			before := w.Hasher.Operations()
			tokens, err := w.SignIns.SignInWithPassword(context.Background(), in)
			userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
			if hashes := w.Hasher.Operations() - before; hashes != 1 || tokens.Tokens != (session.Tokens{}) || tokens.Session.ID != "" || tokens.Ticket != "" {
				t.Errorf("%s: %d hashes, %+v", name, hashes, tokens)
			}
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_sessions`); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestLoginReplacesOldHashes(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	legacy, err := bcrypt.GenerateFromPassword([]byte(userstest.Secret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	w.Run(`UPDATE users_accounts SET password_hash = ? WHERE id = ?`, string(legacy), user.ID)
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: "Wrong-Horse-9"})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	if n := w.Count(`SELECT COUNT(*) FROM users_accounts WHERE password_hash = ?`, string(legacy)); n != 1 {
		t.Error("a wrong password replaced the hash")
	}
	w.Login(userstest.Ada, userstest.Secret)
	if n := w.Count(`SELECT COUNT(*) FROM users_accounts WHERE password_hash LIKE '$argon2id$%'`); n != 1 {
		t.Error("the hash is still bcrypt's")
	}
	w.Login(userstest.Ada, userstest.Secret)
}

func TestLoginKeepsTheUserAgentShort(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		ctx := callctx.WithClient(context.Background(), callctx.Client{Agent: strings.Repeat("ж", 5000)})
		_, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: userstest.Ada, Password: userstest.Secret})
		if err != nil {
			t.Fatal(err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_sessions WHERE user_agent = ?`, strings.Repeat("ж", 200)); n != 1 {
			t.Error("the user agent is not the first 200 characters")
		}
	})
}

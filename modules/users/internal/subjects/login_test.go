package subjects_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity/token"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	for _, email := range []string{ada, "ada@example.com", " ADA@EXAMPLE.COM"} {
		tokens := w.login(email, secret)
		got := w.claims(tokens.Access)
		want := token.Claims{
			UserID: user.ID, SessionID: got.SessionID, TokenID: got.TokenID, IssuedAt: w.clock.Now(), Expires: w.clock.Now().Add(15 * time.Minute),
		}
		if diff := cmp.Diff(want, got); diff != "" || tokens.ExpiresIn != 15*time.Minute || got.TokenID == "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if n := w.count(`SELECT COUNT(*) FROM users_refresh WHERE token_hash LIKE ?`, "%"+tokens.Refresh+"%"); n != 0 || len(tokens.Refresh) < 40 {
			t.Errorf("refresh token %q, or it is stored as it is", tokens.Refresh)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM users_sessions`); n != 3 {
		t.Errorf("%d sessions after three sign-ins", n)
	}
}

// Sign-in must not tell who has an account: the same error after the same number of
// hashes, whatever is wrong.
func TestFailure23_LoginIsTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const pending, disabled = "pending@example.com", "disabled@example.com"
		w.signUp(ada, secret)
		w.code(pending, secret)
		off := w.signUp(disabled, secret)
		w.run(`UPDATE users_accounts SET disabled_at = 1 WHERE id = ?`, off.ID)
		for name, in := range map[string]signin.Credentials{
			"WrongPassword":       {Email: ada, Password: "Wrong-Horse-9"},
			"EmptyPassword":       {Email: ada},
			"LongPassword":        {Email: ada, Password: strings.Repeat(secret, 100)},
			"Unknown":             {Email: "unknown@example.com", Password: secret},
			"UnknownEmpty":        {Email: "unknown@example.com"},
			"NotAnAddress":        {Email: "ada", Password: secret},
			"NoAddress":           {Password: secret},
			"Nothing":             {},
			"Unverified":          {Email: pending, Password: secret},
			"UnverifiedWrong":     {Email: pending, Password: "Wrong-Horse-9"},
			"Disabled":            {Email: disabled, Password: secret},
			"DisabledWrong":       {Email: disabled, Password: "Wrong-Horse-9"},
			"LikePattern":         {Email: "%@example.com", Password: secret},
			"AddressWithTrailing": {Email: ada + "\x00", Password: secret},
		} {
			before := w.Hasher.Operations()
			tokens, err := w.SignIns.SignInWithPassword(context.Background(), in)
			wants(t, err, fault.Unauthenticated, "invalid_credentials")
			if hashes := w.Hasher.Operations() - before; hashes != 1 || tokens.Tokens != (session.Tokens{}) || tokens.Session.ID != "" || tokens.Ticket != "" {
				t.Errorf("%s: %d hashes, %+v", name, hashes, tokens)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM users_sessions`); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestLoginReplacesOldHashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	legacy, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	w.run(`UPDATE users_accounts SET password_hash = ? WHERE id = ?`, string(legacy), user.ID)
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: ada, Password: "Wrong-Horse-9"})
	wants(t, err, fault.Unauthenticated, "invalid_credentials")
	if n := w.count(`SELECT COUNT(*) FROM users_accounts WHERE password_hash = ?`, string(legacy)); n != 1 {
		t.Error("a wrong password replaced the hash")
	}
	w.login(ada, secret)
	if n := w.count(`SELECT COUNT(*) FROM users_accounts WHERE password_hash LIKE '$argon2id$%'`); n != 1 {
		t.Error("the hash is still bcrypt's")
	}
	w.login(ada, secret)
}

func TestLoginKeepsTheUserAgentShort(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.signUp(ada, secret)
		ctx := callctx.WithClient(context.Background(), callctx.Client{Agent: strings.Repeat("ж", 5000)})
		_, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: ada, Password: secret})
		if err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM users_sessions WHERE user_agent = ?`, strings.Repeat("ж", 200)); n != 1 {
			t.Error("the user agent is not the first 200 characters")
		}
	})
}

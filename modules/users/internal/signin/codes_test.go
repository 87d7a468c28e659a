package signin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/fault"
	"app/platform/ids"
)

func TestSignInWithCode(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	request, told := w.Ask(context.Background(), "ada@EXAMPLE.com")
	letter := userstest.Issued(t, told)
	if letter.GetEmail() != userstest.Ada || letter.GetPurpose() != usersevents.Purpose_PURPOSE_SIGN_IN || letter.GetFirstName() != "Ada" {
		t.Errorf("e-mail %v", letter)
	}
	if got := letter.GetExpiresAt().AsTime().Sub(w.Clock.Now()); got != 10*time.Minute {
		t.Errorf("good for %s", got)
	}
	in, err := w.SignIns.SignInWithCode(context.Background(), code.Proof{Request: request, Code: letter.GetCode()}, authn.Bearer)
	if err != nil {
		t.Fatal(err)
	}
	if c := w.Claims(in.Tokens.Access); c.UserID != user.ID || in.Session.Methods != "code" || in.Session.Level != int(authn.AAL1) {
		t.Errorf("claims %+v of %+v", c, in.Session)
	}
	if n := w.Count(`SELECT COUNT(*) FROM users_requests WHERE code_hash LIKE ?`, "%"+letter.GetCode()+"%"); n != 0 {
		t.Error("the code is kept as it is")
	}
}

func TestFailure24_SignInCodes(t *testing.T) {
	t.Parallel()
	bg := context.Background()
	signIn := func(w *userstest.World, p code.Proof) error {
		_, err := w.SignIns.SignInWithCode(bg, p, authn.Bearer)
		return err
	}
	t.Run("OnceEvenTwiceAtOnce", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignUp(userstest.Ada, userstest.Secret)
			p := w.Proof(bg, userstest.Ada)
			good := 0
			for _, err := range userstest.Together(8, func(int) error { return signIn(w, p) }) {
				if err == nil {
					good++
				}
			}
			if n := w.Count(`SELECT COUNT(*) FROM users_sessions`); good != 1 || n != 1 {
				t.Errorf("%d succeeded, %d sessions", good, n)
			}
		})
	})
	t.Run("FiveTriesEvenAtOnce", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			w.SignUp(userstest.Ada, userstest.Secret)
			p := w.Proof(bg, userstest.Ada)
			userstest.Together(20, func(int) error { return signIn(w, userstest.Wrong(p)) })
			if n := w.Count(`SELECT tries FROM users_requests`); n != 5 {
				t.Errorf("%d tries counted", n)
			}
			userstest.RefusesCode(t, w, p)
		})
	})
	t.Run("MalformedCodesCostNoTry", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		p := w.Proof(bg, userstest.Ada)
		for _, entry := range []string{"", "1", "1234567", "12345x", p.Code + " ", "１２３４５６"} {
			userstest.RefusesCode(t, w, code.Proof{Request: p.Request, Code: entry})
		}
		if err := signIn(w, p); err != nil {
			t.Error(err)
		}
	})
	t.Run("TenMinutes", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		p := w.Proof(bg, userstest.Ada)
		w.Clock.Pass(10 * time.Minute)
		userstest.RefusesCode(t, w, p)
		w.Clock.Pass(-time.Microsecond)
		if err := signIn(w, p); err != nil {
			t.Error(err)
		}
	})
	t.Run("VoidedByNewer", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		older := w.Proof(bg, userstest.Ada)
		newer := w.Proof(bg, userstest.Ada)
		userstest.RefusesCode(t, w, older)
		if err := signIn(w, newer); err != nil {
			t.Error(err)
		}
	})
	t.Run("OfAnotherRequestOrPurpose", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		w.SignUp(userstest.Ada, userstest.Secret)
		w.SignUp("bob@example.com", userstest.Secret)
		mine, theirs := w.Proof(bg, userstest.Ada), w.Proof(bg, "bob@example.com")
		if mine.Code == theirs.Code {
			t.Skip("one in a million: the codes are the same")
		}
		userstest.RefusesCode(t, w, code.Proof{Request: mine.Request, Code: theirs.Code})
		userstest.RefusesCode(t, w, code.Proof{Request: ids.New("cod", userstest.Moment), Code: mine.Code})
		userstest.RefusesCode(t, w, code.Proof{Request: "", Code: mine.Code})
		err := w.Credentials.ResetPassword(bg, credential.NewPassword{Proof: mine, Password: "Another-Horse-8", Confirm: "Another-Horse-8"})
		userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
		if err := signIn(w, mine); err != nil {
			t.Error(err)
		}
	})
}

// Strangers may use up what strangers get; the owner, on a network that they have
// signed in from, still gets an e-mail, and the code in it is not made void by the
// strangers' requests.
func TestFailure24_StrangersDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	home := userstest.From("203.0.113.0/24")
	if _, err := w.SignIns.SignInWithPassword(home, signin.Credentials{Email: userstest.Ada, Password: userstest.Secret}); err != nil {
		t.Fatal(err)
	}
	mine := w.Proof(home, userstest.Ada)
	letters := 0
	for i := range 40 {
		request, told := w.Ask(userstest.From(fmt.Sprintf("198.51.%d.0/24", i)), userstest.Ada)
		letters += len(told)
		if !ids.Valid("cod", request) {
			t.Errorf("request %d: %q", i, request)
		}
	}
	if letters != userstest.Limits().LettersPerHour {
		t.Errorf("%d e-mails to strangers", letters)
	}
	if _, err := w.SignIns.SignInWithCode(home, mine, authn.Bearer); err != nil {
		t.Errorf("the owner's code: %v", err)
	}
	mine = w.Proof(home, userstest.Ada)
	if _, err := w.SignIns.SignInWithCode(userstest.From("192.0.2.0/24"), mine, authn.Bearer); err != nil {
		t.Errorf("the owner's next code: %v", err)
	}
	w.Login(userstest.Ada, userstest.Secret)
}

// Whatever there is to know of an address, asking and trying do the same: one row, one
// event, one count of a try.
func TestFailure23_CodesOfAnyAddress(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.SignUp("off@example.com", userstest.Secret)
	w.Run(`UPDATE users_accounts SET disabled_at = 1 WHERE email_key = 'off@example.com'`)
	w.Register(userstest.NewForm("unverified@example.com", userstest.Secret))
	for _, email := range []string{userstest.Ada, "off@example.com", "unverified@example.com", "unknown@example.com"} {
		for name, ask := range map[string]func(context.Context, string) (string, error){"code": w.SignIns.RequestCode, "forgot": w.Credentials.RequestReset} {
			w.Clock.Pass(time.Second)
			rows, events := w.Count(`SELECT COUNT(*) FROM users_requests`), len(w.Emitted())
			request, err := ask(context.Background(), email)
			if err != nil || !ids.Valid("cod", request) {
				t.Errorf("%s of %s: %q, %v", name, email, request, err)
			}
			told := w.Emitted()[events:]
			if got := w.Count(`SELECT COUNT(*) FROM users_requests`) - rows; got != 1 || len(told) != 1 {
				t.Errorf("%s of %s: %d rows, %d events", name, email, got, len(told))
			}
			if _, known := told[0].(*usersevents.CodeIssued); known != (email == userstest.Ada) {
				t.Errorf("%s of %s: told %v", name, email, told)
			}
			userstest.RefusesCode(t, w, code.Proof{Request: request, Code: "123456"})
			err = w.Credentials.ResetPassword(context.Background(), credential.NewPassword{
				Proof: code.Proof{Request: request, Code: "123456"}, Password: "Another-Horse-8", Confirm: "Another-Horse-8"})
			userstest.Wants(t, err, fault.InvalidArgument, "code_invalid")
			if n := w.Count(`SELECT tries FROM users_requests WHERE id = ?`, request); n != 1 {
				t.Errorf("%s of %s: %d tries", name, email, n)
			}
		}
	}
}

// The codes of addresses without an account are nobody's, even when they are guessed.
func TestCodeOfNobody(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	request, _ := w.Ask(context.Background(), userstest.Ada)
	w.SignUp("bob@example.com", userstest.Secret)
	theirs := w.Proof(context.Background(), "bob@example.com")
	w.Run(`UPDATE users_requests SET account_id = '' WHERE id = ?`, theirs.Request)
	userstest.RefusesCode(t, w, theirs)
	userstest.RefusesCode(t, w, code.Proof{Request: request, Code: "123456"})
}

func TestCodeOfAnAccountDisabledMeanwhile(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	p := w.Proof(context.Background(), userstest.Ada)
	w.Run(`UPDATE users_accounts SET disabled_at = 1`)
	userstest.RefusesCode(t, w, p)
}

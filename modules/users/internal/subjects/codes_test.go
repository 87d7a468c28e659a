package subjects_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/ids"
)

// from is a request from a network.
func from(network string) context.Context {
	return callctx.WithClient(context.Background(), callctx.Client{Network: network, Agent: "test"})
}

// ask asks for a sign-in code a second after the last event and returns the request and
// what was emitted.
func (w *world) ask(ctx context.Context, email string) (string, []proto.Message) {
	w.t.Helper()
	w.clock.pass(time.Second)
	before := len(w.emitted())
	request, err := w.SignIns.RequestCode(ctx, email)
	if err != nil {
		w.t.Fatal(err)
	}
	return request, w.emitted()[before:]
}

// proof asks for a sign-in code and reads it from the e-mail.
func (w *world) proof(ctx context.Context, email string) code.Proof {
	w.t.Helper()
	request, told := w.ask(ctx, email)
	return code.Proof{Request: request, Code: issued(w.t, told).GetCode()}
}

// issued is the only event there is, a code.
func issued(t *testing.T, told []proto.Message) *usersevents.CodeIssued {
	t.Helper()
	if len(told) == 1 {
		if e, ok := told[0].(*usersevents.CodeIssued); ok {
			return e
		}
	}
	t.Fatalf("no code: %v", told)
	return nil
}

// wrong is the proof with another code.
func wrong(p code.Proof) code.Proof {
	p.Code = other(p.Code)
	return p
}

// refusesCode tries to sign in.
func refusesCode(t *testing.T, w *world, p code.Proof) {
	t.Helper()
	in, err := w.SignIns.SignInWithCode(context.Background(), p, authn.Bearer)
	wants(t, err, fault.InvalidArgument, "code_invalid")
	if in.Session.ID != "" || in.Ticket != "" {
		t.Errorf("signed in: %+v", in)
	}
}

func TestSignInWithCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.signUp(ada, secret)
	request, told := w.ask(context.Background(), "ada@EXAMPLE.com")
	letter := issued(t, told)
	if letter.GetEmail() != ada || letter.GetPurpose() != usersevents.Purpose_PURPOSE_SIGN_IN || letter.GetFirstName() != "Ada" {
		t.Errorf("letter %v", letter)
	}
	if got := letter.GetExpiresAt().AsTime().Sub(w.clock.Now()); got != 10*time.Minute {
		t.Errorf("good for %s", got)
	}
	in, err := w.SignIns.SignInWithCode(context.Background(), code.Proof{Request: request, Code: letter.GetCode()}, authn.Bearer)
	if err != nil {
		t.Fatal(err)
	}
	if c := w.claims(in.Tokens.Access); c.UserID != user.ID || in.Session.Methods != "code" || in.Session.Level != int(authn.AAL1) {
		t.Errorf("claims %+v of %+v", c, in.Session)
	}
	if n := w.count(`SELECT COUNT(*) FROM users_requests WHERE code_hash LIKE ?`, "%"+letter.GetCode()+"%"); n != 0 {
		t.Error("the code is kept as it is")
	}
}

func TestFailure24_SignInCodes(t *testing.T) {
	t.Parallel()
	bg := context.Background()
	signIn := func(w *world, p code.Proof) error {
		_, err := w.SignIns.SignInWithCode(bg, p, authn.Bearer)
		return err
	}
	t.Run("OnceEvenTwiceAtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signUp(ada, secret)
			p := w.proof(bg, ada)
			good := 0
			for _, err := range together(8, func(int) error { return signIn(w, p) }) {
				if err == nil {
					good++
				}
			}
			if n := w.count(`SELECT COUNT(*) FROM users_sessions`); good != 1 || n != 1 {
				t.Errorf("%d succeeded, %d sessions", good, n)
			}
		})
	})
	t.Run("FiveTriesEvenAtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			w.signUp(ada, secret)
			p := w.proof(bg, ada)
			together(20, func(int) error { return signIn(w, wrong(p)) })
			if n := w.count(`SELECT tries FROM users_requests`); n != 5 {
				t.Errorf("%d tries counted", n)
			}
			refusesCode(t, w, p)
		})
	})
	t.Run("MalformedCodesCostNoTry", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		p := w.proof(bg, ada)
		for _, entry := range []string{"", "1", "1234567", "12345x", p.Code + " ", "１２３４５６"} {
			refusesCode(t, w, code.Proof{Request: p.Request, Code: entry})
		}
		if err := signIn(w, p); err != nil {
			t.Error(err)
		}
	})
	t.Run("TenMinutes", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		p := w.proof(bg, ada)
		w.clock.pass(10 * time.Minute)
		refusesCode(t, w, p)
		w.clock.pass(-time.Microsecond)
		if err := signIn(w, p); err != nil {
			t.Error(err)
		}
	})
	t.Run("VoidedByNewer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		older := w.proof(bg, ada)
		newer := w.proof(bg, ada)
		refusesCode(t, w, older)
		if err := signIn(w, newer); err != nil {
			t.Error(err)
		}
	})
	t.Run("OfAnotherRequestOrPurpose", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.signUp(ada, secret)
		w.signUp("bob@example.com", secret)
		mine, theirs := w.proof(bg, ada), w.proof(bg, "bob@example.com")
		if mine.Code == theirs.Code {
			t.Skip("one in a million: the codes are the same")
		}
		refusesCode(t, w, code.Proof{Request: mine.Request, Code: theirs.Code})
		refusesCode(t, w, code.Proof{Request: ids.New("cod", moment), Code: mine.Code})
		refusesCode(t, w, code.Proof{Request: "", Code: mine.Code})
		err := w.Credentials.ResetPassword(bg, credential.NewPassword{Proof: mine, Password: "Another-Horse-8", Confirm: "Another-Horse-8"})
		wants(t, err, fault.InvalidArgument, "code_invalid")
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
	w := newWorld(t)
	w.signUp(ada, secret)
	home := from("203.0.113.0/24")
	if _, err := w.SignIns.SignInWithPassword(home, signin.Credentials{Email: ada, Password: secret}); err != nil {
		t.Fatal(err)
	}
	mine := w.proof(home, ada)
	letters := 0
	for i := range 40 {
		request, told := w.ask(from(fmt.Sprintf("198.51.%d.0/24", i)), ada)
		letters += len(told)
		if !ids.Valid("cod", request) {
			t.Errorf("request %d: %q", i, request)
		}
	}
	if letters != limits().LettersPerHour {
		t.Errorf("%d letters to strangers", letters)
	}
	if _, err := w.SignIns.SignInWithCode(home, mine, authn.Bearer); err != nil {
		t.Errorf("the owner's code: %v", err)
	}
	mine = w.proof(home, ada)
	if _, err := w.SignIns.SignInWithCode(from("192.0.2.0/24"), mine, authn.Bearer); err != nil {
		t.Errorf("the owner's next code: %v", err)
	}
	w.login(ada, secret)
}

func TestFailure24_LettersPerDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	one, letters := 0, 0
	for hour := range 24 {
		for range limits().LettersPerHour + 1 {
			_, told := w.ask(context.Background(), ada)
			one += len(told)
			_, told = w.ask(from(fmt.Sprintf("%d.51.100.0/24", hour+1)), ada)
			letters += len(told)
		}
		w.clock.pass(58 * time.Minute)
	}
	if want := limits().LettersPerHour; one > want+1 || one == 0 {
		t.Errorf("%d letters in a day to one network, want no more than %d and the first", one, want)
	}
	if letters += one; letters > 3*limits().LettersPerHour || letters < 2*limits().LettersPerHour {
		t.Errorf("%d letters in a day, want no more than %d", letters, 3*limits().LettersPerHour)
	}
}

// Whatever there is to know of an address, asking and trying do the same: one row, one
// event, one count of a try.
func TestFailure23_CodesOfAnyAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	w.signUp("off@example.com", secret)
	w.run(`UPDATE users_accounts SET disabled_at = 1 WHERE email_key = 'off@example.com'`)
	w.register(newForm("unverified@example.com", secret))
	for _, email := range []string{ada, "off@example.com", "unverified@example.com", "unknown@example.com"} {
		for name, ask := range map[string]func(context.Context, string) (string, error){"code": w.SignIns.RequestCode, "forgot": w.Credentials.RequestReset} {
			w.clock.pass(time.Second)
			rows, events := w.count(`SELECT COUNT(*) FROM users_requests`), len(w.emitted())
			request, err := ask(context.Background(), email)
			if err != nil || !ids.Valid("cod", request) {
				t.Errorf("%s of %s: %q, %v", name, email, request, err)
			}
			told := w.emitted()[events:]
			if got := w.count(`SELECT COUNT(*) FROM users_requests`) - rows; got != 1 || len(told) != 1 {
				t.Errorf("%s of %s: %d rows, %d events", name, email, got, len(told))
			}
			if _, known := told[0].(*usersevents.CodeIssued); known != (email == ada) {
				t.Errorf("%s of %s: told %v", name, email, told)
			}
			refusesCode(t, w, code.Proof{Request: request, Code: "123456"})
			err = w.Credentials.ResetPassword(context.Background(), credential.NewPassword{
				Proof: code.Proof{Request: request, Code: "123456"}, Password: "Another-Horse-8", Confirm: "Another-Horse-8"})
			wants(t, err, fault.InvalidArgument, "code_invalid")
			if n := w.count(`SELECT tries FROM users_requests WHERE id = ?`, request); n != 1 {
				t.Errorf("%s of %s: %d tries", name, email, n)
			}
		}
	}
}

// The codes of addresses without an account are nobody's, even when they are guessed.
func TestCodeOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, _ := w.ask(context.Background(), ada)
	w.signUp("bob@example.com", secret)
	theirs := w.proof(context.Background(), "bob@example.com")
	w.run(`UPDATE users_requests SET account_id = '' WHERE id = ?`, theirs.Request)
	refusesCode(t, w, theirs)
	refusesCode(t, w, code.Proof{Request: request, Code: "123456"})
}

func TestCodeOfAnAccountDisabledMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	p := w.proof(context.Background(), ada)
	w.run(`UPDATE users_accounts SET disabled_at = 1`)
	refusesCode(t, w, p)
}

func TestRequestRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "k", At: moment})
	first, err1 := w.SignIns.RequestCode(ctx, ada)
	events := len(w.emitted())
	again, err2 := w.SignIns.RequestCode(ctx, ada)
	if err1 != nil || err2 != nil || first != again || len(w.emitted()) != events {
		t.Errorf("%s, %v then %s, %v", first, err1, again, err2)
	}
}

func TestRequestOfNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, email := range []string{"", "ada", "ada@", "ada@x"} {
		_, err := w.Credentials.RequestReset(context.Background(), email)
		wants(t, err, fault.InvalidArgument, "validation_failed")
	}
}

// Links come from the configuration alone.
func TestFailure27_LinksInLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, told := w.register(newForm("a.b+c@example.com", secret))
	link := issued(t, told).GetLink()
	if !strings.HasPrefix(link, home+"/v1/auth/letter?purpose=verify_address&request=cod_") || !strings.HasSuffix(link, "&email=a.b%2Bc%40example.com") {
		t.Errorf("verify: %s", link)
	}
	w.signUp(ada, secret)
	request, told := w.ask(context.Background(), ada)
	if got, want := issued(t, told).GetLink(), home+"/v1/auth/letter?purpose=sign_in&request="+request+"#code="+issued(t, told).GetCode(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

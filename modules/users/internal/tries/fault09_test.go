package tries_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Each way of guessing, made ready: every guess is at another account or address.
var guesses = map[string]func(w *userstest.World, i int) func(ctx context.Context) error{
	"Verify": func(w *userstest.World, i int) func(ctx context.Context) error {
		p := w.ProofOf(fmt.Sprintf("v%d@example.com", i), userstest.Secret)
		p.Code = userstest.Other(p.Code)
		return func(ctx context.Context) error { return second(w.Registrations.Verify(ctx, p)) }
	},
	"SignIn": func(w *userstest.World, i int) func(ctx context.Context) error {
		p := userstest.Wrong(w.ProofOfAccount(i))
		return func(ctx context.Context) error { return second(w.SignIns.SignInWithCode(ctx, p, authn.Bearer)) }
	},
	"SignInUnknownRequest": func(w *userstest.World, _ int) func(ctx context.Context) error {
		p := code.Proof{Request: ids.New("cod", w.Clock.Now()), Code: "123456"}
		return func(ctx context.Context) error { return second(w.SignIns.SignInWithCode(ctx, p, authn.Bearer)) }
	},
	"Reset": func(w *userstest.World, i int) func(ctx context.Context) error {
		in := credential.NewPassword{Proof: userstest.Wrong(w.ProofOfAccount(i)), Password: userstest.Another, Confirm: userstest.Another}
		return func(ctx context.Context) error { return w.Credentials.ResetPassword(ctx, in) }
	},
	"SecondFactor": func(w *userstest.World, _ int) func(ctx context.Context) error {
		f := factor.Proof{Method: authn.ByTOTP, Code: "123456"}
		return func(ctx context.Context) error { return second(w.SignIns.CompleteSignIn(ctx, "spt_unknown", f)) }
	},
	"RecoveryCode": func(w *userstest.World, _ int) func(ctx context.Context) error {
		f := factor.Proof{Method: authn.ByRecovery, Code: "abcdef"}
		return func(ctx context.Context) error { return second(w.SignIns.CompleteSignIn(ctx, "spt_unknown", f)) }
	},
	"Password": func(w *userstest.World, i int) func(ctx context.Context) error {
		in := signin.Credentials{Email: fmt.Sprintf("p%d@example.com", i), Password: "Wrong-Horse-9"}
		return func(ctx context.Context) error { return second(w.SignIns.SignInWithPassword(ctx, in)) }
	},
}

func second[T any](_ T, err error) error { return err }

func limited(err error) bool { return fault.ReasonOf(err) == "sign_in_limited" }

// Guesses of one network at many accounts come to an end, whatever is guessed; a guess
// of one kind leaves one less of every other.
func TestFault09_GuessesOfOneNetworkAreOneAllowance(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *userstest.World) {
		var ready, further []func(ctx context.Context) error
		for len(ready) < 50 {
			for _, guess := range guesses {
				ready = append(ready, guess(w, len(ready)))
			}
		}
		for _, guess := range guesses {
			further = append(further, guess(w, 1000+len(further)))
		}
		for i, guess := range ready[:50] {
			if err := guess(userstest.From(userstest.Elsewhere)); err == nil || limited(err) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		for _, guess := range further {
			if err := guess(userstest.From(userstest.Elsewhere)); !limited(err) {
				t.Errorf("after 50 guesses: %v", err)
			}
			if err := guess(userstest.From(userstest.Hereabouts)); err == nil || limited(err) {
				t.Errorf("from another network: %v", err)
			}
		}
	})
}

// Replicas do not multiply the guesses, and as many at once are no more than one after
// the other.
func TestFault09_AtOnceInTwoReplicas(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *userstest.World) {
		replicas := []*userstest.World{w, guarded(t, w.DB, w.Clock)}
		looked := 0
		for range 4 {
			for _, err := range userstest.Together(16, func(i int) error {
				_, err := replicas[i%2].SignIns.SignInWithCode(userstest.From(userstest.Elsewhere), code.Proof{Request: ids.New("cod", userstest.Moment), Code: "123456"}, authn.Bearer)
				return err
			}) {
				if !limited(err) {
					looked++
				}
			}
		}
		if looked != 50 {
			t.Errorf("%d codes were looked at", looked)
		}
	})
}

// A code that is right costs nothing, and strangers in the owner's network do not lock
// the owner's device out.
func TestFault09_OwnersAreNotLockedOut(t *testing.T) {
	t.Parallel()
	eachGuarded(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		for range 60 {
			if _, err := w.SignIns.SignInWithCode(userstest.From(userstest.Elsewhere), w.Proof(userstest.From(userstest.Elsewhere), userstest.Ada), authn.Bearer); err != nil {
				t.Fatal(err)
			}
			w.Clock.Pass(time.Hour)
		}
		mallory := callctx.WithClient(context.Background(), callctx.Client{Network: userstest.Elsewhere, Agent: "another program"})
		for range 60 {
			_ = guesses["SignInUnknownRequest"](w, 0)(mallory)
		}
		if err := guesses["SignInUnknownRequest"](w, 0)(mallory); !limited(err) {
			t.Errorf("a stranger guesses on: %v", err)
		}
		if _, err := w.SignIns.SignInWithCode(userstest.From(userstest.Elsewhere), w.Proof(userstest.From(userstest.Elsewhere), userstest.Ada), authn.Bearer); err != nil {
			t.Errorf("the owner's device: %v", err)
		}
	})
}

// Whoever has stolen a session guesses no more codes in another network than anybody
// else.
func TestFault09_StepUp(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w = guarded(t, w.DB, w.Clock)
	w.SignUp(userstest.Ada, userstest.Secret)
	in, err := w.SignIns.SignInWithPassword(userstest.From(userstest.Hereabouts), signin.Credentials{Email: userstest.Ada, Password: userstest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	stolen := w.AsFrom(in.Tokens.Access, userstest.Elsewhere)
	looked := 0
	for i := range 80 {
		method := []authn.Method{authn.ByCode, authn.ByTOTP, authn.ByRecovery}[i%3]
		proof := code.Proof{Request: ids.New("cod", userstest.Moment), Code: "123456"}
		if _, err := w.SignIns.StepUp(stolen, signin.StepUpProof{Method: method, Proof: proof}); !limited(err) {
			looked++
		}
	}
	if looked != 50 {
		t.Errorf("%d codes were looked at", looked)
	}
	if _, err := w.Credentials.ChangeAddress(identity.NewContext(userstest.From(userstest.Elsewhere), identity.FromContext(stolen)), code.Proof{Request: ids.New("cod", userstest.Moment), Code: "123456"}); !limited(err) {
		t.Errorf("a change of address: %v", err)
	}
}

package userstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
)

// From is a request from a network.
func From(network string) context.Context {
	return callctx.WithClient(context.Background(), callctx.Client{Network: network, Agent: "test"})
}

// Ask asks for a sign-in code a second after the last event and returns the request and
// what was emitted.
func (w *World) Ask(ctx context.Context, email string) (string, []proto.Message) {
	w.T.Helper()
	w.Clock.Pass(time.Second)
	before := len(w.Emitted())
	request, err := w.SignIns.RequestCode(ctx, email)
	if err != nil {
		w.T.Fatal(err)
	}
	return request, w.Emitted()[before:]
}

// Proof asks for a sign-in code and reads it from the e-mail.
func (w *World) Proof(ctx context.Context, email string) code.Proof {
	w.T.Helper()
	request, told := w.Ask(ctx, email)
	return code.Proof{Request: request, Code: Issued(w.T, told).GetCode()}
}

// Issued is the only event there is, a code.
func Issued(t *testing.T, told []proto.Message) *usersevents.CodeIssued {
	t.Helper()
	if len(told) == 1 {
		if e, ok := told[0].(*usersevents.CodeIssued); ok {
			return e
		}
	}
	t.Fatalf("no code: %v", told)
	return nil
}

// Wrong is the proof with another code.
func Wrong(p code.Proof) code.Proof {
	p.Code = Other(p.Code)
	return p
}

// RefusesCode tries to sign in.
func RefusesCode(t *testing.T, w *World, p code.Proof) {
	t.Helper()
	in, err := w.SignIns.SignInWithCode(context.Background(), p, authn.Bearer)
	Wants(t, err, fault.InvalidArgument, "code_invalid")
	if in.Session.ID != "" || in.Ticket != "" {
		t.Errorf("signed in: %+v", in)
	}
}

// Another is a good password that is not Secret.
const Another = "Another-Horse-8"

// Reset asks for a reset and returns it with the code from the e-mail and a password.
func (w *World) Reset(email, password string) credential.NewPassword {
	w.T.Helper()
	w.Clock.Pass(time.Second)
	before := len(w.Emitted())
	request, err := w.Credentials.RequestReset(context.Background(), email)
	if err != nil {
		w.T.Fatal(err)
	}
	letter := Issued(w.T, w.Emitted()[before:])
	if letter.GetPurpose() != usersevents.Purpose_PURPOSE_RESET_PASSWORD {
		w.T.Errorf("e-mail %v", letter)
	}
	proof := code.Proof{Request: request, Code: letter.GetCode()}
	return credential.NewPassword{Proof: proof, Password: password, Confirm: password}
}

// Refresh exchanges a refresh token.
func (w *World) Refresh(presented string) session.Tokens {
	w.T.Helper()
	tokens, err := w.Sessions.Refresh(context.Background(), presented)
	if err != nil {
		w.T.Fatal(err)
	}
	return tokens
}

// RefusesRefresh tries to exchange a refresh token that opens nothing.
func (w *World) RefusesRefresh(presented string) {
	w.T.Helper()
	tokens, err := w.Sessions.Refresh(context.Background(), presented)
	Wants(w.T, err, fault.Unauthenticated, "refresh_token_invalid")
	if tokens != (session.Tokens{}) {
		w.T.Errorf("got %+v", tokens)
	}
}

// SignedIn signs Ada up and in.
func (w *World) SignedIn() session.Tokens {
	w.T.Helper()
	w.SignUp(Ada, Secret)
	return w.Login(Ada, Secret)
}

// Browse signs in as a browser does, in a context that may have one's cookie already.
func (w *World) Browse(ctx context.Context) session.SignedIn {
	w.T.Helper()
	in, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: Ada, Password: Secret, Transport: authn.Cookie})
	if err != nil {
		w.T.Fatal(err)
	}
	if in.Browser.Token == "" || in.Tokens != (session.Tokens{}) || in.Ticket != "" {
		w.T.Fatalf("got %+v", in)
	}
	return in
}

// InBrowser is a context in which a browser calls, as the gateway finds out.
func (w *World) InBrowser(cookie string) context.Context {
	w.T.Helper()
	b, err := w.Sessions.Browser(context.Background(), cookie)
	if err != nil {
		w.T.Fatal(err)
	}
	return identity.NewContext(context.Background(), identity.Principal{UserID: b.UserID, SessionID: b.SessionID, Admin: b.Admin, Method: identity.Session})
}

// Closed checks that a cookie opens nothing.
func (w *World) Closed(cookie string) {
	w.T.Helper()
	b, err := w.Sessions.Browser(context.Background(), cookie)
	Wants(w.T, err, fault.NotFound, "session_not_found")
	if b != (session.Browser{}) {
		w.T.Errorf("got %+v", b)
	}
}

// Revoked lists what gateways are told after an epoch, and the newest epoch.
func (w *World) Revoked(after int64) (subjects []string, epoch int64) {
	w.T.Helper()
	out, err := w.Revocations.Since(context.Background(), after)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, r := range out.List {
		subjects = append(subjects, r.Subject)
	}
	return subjects, out.Epoch
}

// Networks of the tests.
const (
	Hereabouts = "203.0.113.0/24"
	Elsewhere  = "198.51.100.0/24"
)

// Try signs in and says how that went: "in", the reason why not, or the time to wait.
func (w *World) Try(ctx context.Context, email, password string) string {
	w.T.Helper()
	before := w.Hasher.Operations()
	_, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: email, Password: password})
	hashed := w.Hasher.Operations() - before
	var refusal *fault.Error
	switch {
	case err == nil:
		return "in"
	case errors.As(err, &refusal) && refusal.Reason == "sign_in_limited":
		if refusal.Code != fault.ResourceExhausted || hashed != 0 {
			w.T.Errorf("%v after %d hashes", err, hashed)
		}
		return fmt.Sprint("wait ", refusal.RetryAfter)
	}
	return fault.ReasonOf(err)
}

// TryOften repeats a wrong password and counts how many were looked at.
func (w *World) TryOften(ctx context.Context, email string, n int) (looked int) {
	w.T.Helper()
	for range n {
		if w.Try(ctx, email, "Wrong-Horse-9") == "invalid_credentials" {
			looked++
		}
	}
	return looked
}

// Notices signs in and gives what the owner was told of it: the program and the system
// of each notice.
func (w *World) Notices(network, agent string) (out []string) {
	w.T.Helper()
	before := len(w.Emitted())
	ctx := callctx.WithClient(context.Background(), callctx.Client{Network: network, Agent: agent})
	if _, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: Ada, Password: Secret}); err != nil {
		w.T.Fatal(err)
	}
	for _, m := range w.Emitted()[before:] {
		if told, ok := m.(*usersevents.SignedInAnew); ok {
			out = append(out, told.GetProgram()+" on "+told.GetSystem())
		}
	}
	w.Clock.Pass(time.Minute)
	return out
}

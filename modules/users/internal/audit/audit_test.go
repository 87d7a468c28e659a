package audit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/callctx"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		user := w.SignUp(userstest.Ada, userstest.Secret)
		fails := func(email, password string) {
			_, _ = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: email, Password: password})
		}
		var first, second session.Tokens
		for _, step := range []func(){
			func() { first = w.Login(userstest.Ada, userstest.Secret) },
			func() { second = w.Login(userstest.Ada, userstest.Secret) },
			func() { fails(userstest.Ada, "Wrong-Horse-9") },
			func() { fails("who@example.com", userstest.Secret) },
			func() { _ = w.Sessions.End(w.As(first.Access), w.Claims(second.Access).SessionID) },
			func() { _ = w.Sessions.End(w.As(first.Access), w.Claims(second.Access).SessionID) },
			func() { _, _ = w.MakeKey(w.As(first.Access)) },
			func() { _ = w.Sessions.Logout(context.Background(), first.Refresh) },
			func() { _ = w.Sessions.Logout(context.Background(), first.Refresh) },
			func() { _, _ = w.Admins.Disable(context.Background(), user.ID) },
			func() { fails(userstest.Ada, userstest.Secret) },
			func() { _, _ = w.Admins.Enable(context.Background(), user.ID) },
		} {
			step()
			w.Clock.Pass(time.Millisecond)
		}
		got := w.Log(user.ID)
		for i, line := range got { // ids are made up
			got[i], _, _ = strings.Cut(line, " ses_")
			got[i], _, _ = strings.Cut(got[i], " key_")
		}
		want := []string{
			"sign_in ok password", "sign_in ok password", "sign_in wrong_password password", "session_ended ok", "api_key_created ok",
			"sign_out ok", "account_change ok disabled", "sign_in disabled password", "account_change ok enabled",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"sign_in unknown_address password"}, w.Log("")); diff != "" {
			t.Errorf("nobody's: -want +got\n%s", diff)
		}
		if own, err := w.Audits.Own(w.As(w.Login(userstest.Ada, userstest.Secret).Access), "", 3); err != nil || len(own) != 3 {
			t.Errorf("%v, %v", own, err)
		}
	})
}

// What is kept says where from and with what, shortened, and nothing that opens
// anything.
func TestAuditKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	ctx := callctx.WithRequestID(context.Background(), "req_1")
	ctx = callctx.WithClient(ctx, callctx.Client{Network: "203.0.113.0/24", Agent: strings.Repeat("ж", 500)})
	in, err := w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: userstest.Ada, Password: userstest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: userstest.Ada, Password: "Wrong-Horse-9"})
	_, _ = w.SignIns.SignInWithPassword(ctx, signin.Credentials{Email: "secret@example.com", Password: "Wrong-Horse-9"})
	_, key, err := w.APIKeys.Create(w.As(in.Tokens.Access), userstest.Draft())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, id := range []string{user.ID, ""} {
		records, err := w.Audits.Of(context.Background(), id, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			all = append(all, fmt.Sprintf("%+v", r))
		}
	}
	text := strings.Join(all, "\n")
	if len(all) != 4 || strings.Count(text, "203.0.113.0/24") != 3 || strings.Count(text, "req_1") != 3 || strings.Contains(text, strings.Repeat("ж", 201)) {
		t.Errorf("got\n%s", text)
	}
	for _, secret := range []string{userstest.Secret, "Wrong-Horse-9", key, in.Tokens.Refresh, in.Tokens.Access, "@", "203.0.113.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in\n%s", secret, text)
		}
	}
}

func TestAuditIsSwept(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	w.Login(userstest.Ada, userstest.Secret)
	_, _ = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: "who@example.com", Password: userstest.Secret})
	sweep := func() {
		for more := true; more; {
			var err error
			if more, err = w.SweepOnce(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Clock.Pass(7*24*time.Hour + time.Second)
	sweep()
	if own, stray := len(w.Log(user.ID)), len(w.Log("")); own != 1 || stray != 0 {
		t.Errorf("after a week: %d, %d", own, stray)
	}
	w.Clock.Pass(4320 * time.Hour)
	sweep()
	if own := len(w.Log(user.ID)); own != 0 {
		t.Errorf("after half a year: %d", own)
	}
}

package registration_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/credential"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/ids"
)

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	for name, tc := range map[string]struct {
		change func(r *registration.Form)
		want   []string
	}{
		"NoAddress":        {func(r *registration.Form) { r.Email = "" }, []string{"/email"}},
		"NotAnAddress":     {func(r *registration.Form) { r.Email = "ada" }, []string{"/email"}},
		"TwoAts":           {func(r *registration.Form) { r.Email = "a@b@example.com" }, []string{"/email"}},
		"LocalDomain":      {func(r *registration.Form) { r.Email = "ada@localhost" }, []string{"/email"}},
		"HeaderInAddress":  {func(r *registration.Form) { r.Email = "ada@example.com\r\nBcc: x@example.com" }, []string{"/email"}},
		"ListOfAddresses":  {func(r *registration.Form) { r.Email = "a@example.com,b@example.com" }, []string{"/email"}},
		"NamedAddress":     {func(r *registration.Form) { r.Email = "Ada <ada@example.com>" }, []string{"/email"}},
		"Lookalike":        {func(r *registration.Form) { r.Email = "аda@example.com" }, []string{"/email"}}, // a Cyrillic а
		"LongAddress":      {func(r *registration.Form) { r.Email = "a@" + strings.Repeat("x.", 130) + "com" }, []string{"/email"}},
		"DashedDomain":     {func(r *registration.Form) { r.Email = "a@-example.com" }, []string{"/email"}},
		"EmptyLabel":       {func(r *registration.Form) { r.Email = "a@example..com" }, []string{"/email"}},
		"WeakPassword":     {func(r *registration.Form) { r.Password, r.Confirm = "password", "password" }, []string{"/password"}},
		"OtherConfirm":     {func(r *registration.Form) { r.Confirm += "x" }, []string{"/confirm_password"}},
		"NoNames":          {func(r *registration.Form) { r.FirstName, r.LastName = " ", "" }, []string{"/first_name", "/last_name"}},
		"LongNames":        {func(r *registration.Form) { r.FirstName, r.MiddleName, r.LastName = long, long, long }, []string{"/first_name", "/middle_name", "/last_name"}},
		"HeaderInName":     {func(r *registration.Form) { r.FirstName = "Ada\r\nBcc: x" }, []string{"/first_name"}},
		"LinkInName":       {func(r *registration.Form) { r.FirstName = "Win at https://example.net" }, []string{"/first_name"}},
		"TagInName":        {func(r *registration.Form) { r.LastName = "<b>Ada</b>" }, []string{"/last_name"}},
		"DirectionInName":  {func(r *registration.Form) { r.LastName = "a\u202eb" }, []string{"/last_name"}},
		"NotUTF8":          {func(r *registration.Form) { r.LastName = "\xff" }, []string{"/last_name"}},
		"EverythingAtOnce": {func(r *registration.Form) { *r = registration.Form{Confirm: "x"} }, []string{"/email", "/first_name", "/last_name", "/password", "/confirm_password"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := userstest.NewWorld(t)
			in := userstest.NewForm(userstest.Ada, userstest.Secret)
			tc.change(&in)
			_, err := w.Registrations.Register(context.Background(), in)
			userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
			if diff := cmp.Diff(tc.want, userstest.Pointers(err)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if w.Hasher.Operations() != 0 || len(w.Emitted()) != 0 {
				t.Errorf("%d hashes, emitted %v", w.Hasher.Operations(), w.Emitted())
			}
		})
	}
}

func TestRegisterAccepts(t *testing.T) {
	t.Parallel()
	for _, email := range []string{"a@example.com", "Ada.Lovelace+shop@mail.Example.co.uk", " ada@example.com ", "o'brien@xn--bcher-kva.example", "1@2.3x"} {
		w := userstest.NewWorld(t)
		in := userstest.NewForm(email, userstest.Secret)
		in.FirstName, in.MiddleName, in.LastName = "Søren Aabye", "Ⅱ", "O’Brien-王"
		if _, told := w.Register(in); len(told) != 1 {
			t.Errorf("%q: emitted %v", email, told)
		}
	}
}

// What a registration answers, does and costs must not tell whether the address has an
// account.
func TestFailure23_RegisterIsTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		const pending, disabled, unknown = "pending@example.com", "disabled@example.com", "unknown@example.com"
		w.SignUp(userstest.Ada, userstest.Secret)
		w.Code(pending, userstest.Secret)
		off := w.SignUp(disabled, userstest.Secret)
		w.Run(`UPDATE users_accounts SET disabled_at = 1 WHERE id = ?`, off.ID)
		for _, email := range []string{userstest.Ada, "ADA@example.COM", pending, disabled, unknown} {
			hashes, letters := w.Hasher.Operations(), w.Count(`SELECT COUNT(*) FROM users_codes`)
			id, told := w.Register(userstest.NewForm(email, "Other-Horse-7"))
			if !ids.Valid("cod", id) || len(told) != 1 || w.Hasher.Operations() != hashes+1 || w.Count(`SELECT COUNT(*) FROM users_codes`) != letters+1 {
				t.Errorf("%s: %q, emitted %v, %d hashes", email, id, told, w.Hasher.Operations()-hashes)
			}
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_accounts`); n != 2 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestRegisterTellsTheOwner(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	in := userstest.NewForm("ada@EXAMPLE.com", "Other-Horse-7")
	in.FirstName = "Mallory"
	_, told := w.Register(in)
	want := &usersevents.AlreadyRegistered{UserId: user.ID, Email: userstest.Ada, FirstName: "Ada"}
	if diff := cmp.Diff(want, told[0], protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	w.Login(userstest.Ada, userstest.Secret)
	if n := w.Count(`SELECT COUNT(*) FROM users_codes WHERE purpose = 'known_address' AND (password_hash <> '' OR code_hash <> '' OR first_name <> '')`); n != 0 {
		t.Error("something of the stranger's registration was kept")
	}
}

func TestRegisterIssuesACode(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	id, told := w.Register(userstest.NewForm(" "+userstest.Ada, userstest.Secret))
	issued, ok := told[0].(*usersevents.CodeIssued)
	if !ok {
		t.Fatalf("emitted %v", told)
	}
	want := &usersevents.CodeIssued{
		CodeId: id, Email: userstest.Ada, Code: issued.Code, Purpose: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS, FirstName: "Ada",
		ExpiresAt: timestamppb.New(w.Clock.Now().Add(10 * time.Minute)),
		Link:      userstest.Home + "/v1/auth/letter?purpose=verify_address&request=" + id + "#code=" + issued.Code + "&email=Ada%40Example.com",
	}
	if diff := cmp.Diff(want, issued, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(issued.Code) != 6 || w.Count(`SELECT COUNT(*) FROM users_codes WHERE code_hash LIKE ?`, "%"+issued.Code+"%") != 0 {
		t.Errorf("code %q, or it is stored as it is", issued.Code)
	}
	if n := w.Count(`SELECT COUNT(*) FROM events_outbox WHERE secret = 1`); n != 1 {
		t.Errorf("%d secret events", n)
	}
}

func TestRegisterRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "k", At: userstest.Moment})
		first, err := w.Registrations.Register(ctx, userstest.NewForm(userstest.Ada, userstest.Secret))
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Pass(time.Second)
		again, err := w.Registrations.Register(ctx, userstest.NewForm(userstest.Ada, userstest.Secret))
		if err != nil || first != again || len(w.Emitted()) != 1 {
			t.Errorf("%q then %q, %v, emitted %v", first, again, err, w.Emitted())
		}
	})
}

func TestRegisterBoundsLetters(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	last := ""
	for range userstest.Limits().LettersPerHour {
		last = w.Code(userstest.Ada, userstest.Secret)
	}
	if id, told := w.Register(userstest.NewForm(userstest.Ada, userstest.Secret)); !ids.Valid("cod", id) || len(told) != 0 {
		t.Errorf("%q, emitted %v", id, told)
	}
	w.Code("other@example.com", userstest.Secret) // nobody else is kept waiting
	if _, err := w.Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: last, Password: userstest.Secret}); err != nil {
		t.Errorf("the newest code was lost: %v", err)
	}
	if _, told := w.Register(userstest.NewForm(userstest.Ada, userstest.Secret)); len(told) != 0 {
		t.Errorf("the owner of an account gets more e-mails: %v", told)
	}
	w.Clock.Pass(time.Hour)
	if _, told := w.Register(userstest.NewForm(userstest.Ada, userstest.Secret)); len(told) != 1 {
		t.Errorf("after an hour: emitted %v", told)
	}
}

// No password is made of the shop's own names, wherever one is set.
func TestPasswordsOfTheShopsWords(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.Set = w.With(func(o *subjects.Options) { o.PublicURL, o.Words = "https://lovelace.example", []string{"Babbage"} })
	for _, password := range []string{"Lovelace-26!", "!26Babbage"} {
		_, err := w.Registrations.Register(context.Background(), userstest.NewForm(userstest.Ada, password))
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		if diff := cmp.Diff([]string{"/password"}, userstest.Pointers(err)[:1]); diff != "" {
			t.Errorf("%s: -want +got\n%s", password, diff)
		}
		userstest.Wants(t, w.Credentials.ResetPassword(context.Background(), credential.NewPassword{Password: password, Confirm: password}), fault.InvalidArgument, "validation_failed")
	}
	w.SignUp(userstest.Ada, userstest.Secret)
	_, err := w.Credentials.ChangePassword(w.As(w.Login(userstest.Ada, userstest.Secret).Access), credential.PasswordChange{Current: userstest.Secret, Password: "!26Babbage", Confirm: "!26Babbage"})
	userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
}

package admin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/admin"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
)

// Who is made an administrator, and who no longer is one, is in the audit log with who
// did it; the owner is told, and the sessions from before end everywhere.
func TestFault17_AdministratorsAreMadeAndUnmade(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		operator := callctx.WithClient(context.Background(), callctx.Client{Agent: "command line, by grace"})
		user := w.SignUp(userstest.Ada, userstest.Secret)
		step := func(name string, change usersevents.CredentialsChange, detail string, do func() error) {
			t.Helper()
			before, revoked := w.Login(userstest.Ada, userstest.Secret), w.RevokedSince()
			w.Clock.Pass(time.Second) // records of one instant have no order
			if err := do(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_, err := w.Sessions.Refresh(operator, before.Refresh)
			userstest.Wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
			if got := w.RevokedSince(); got != revoked+1 {
				t.Errorf("%s: %d revocations, then %d", name, revoked, got)
			}
			if got := userstest.LastChange(w); got != change {
				t.Errorf("%s: told of %s", name, got)
			}
			log, err := w.Audits.Of(operator, user.ID, "", 1)
			if err != nil || len(log) != 1 || log[0].Event != "account_change" || log[0].Detail != detail || log[0].UserAgent != "command line, by grace" {
				t.Errorf("%s: %+v, %v", name, log, err)
			}
		}
		step("made", usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE, "promoted", func() error {
			done, err := w.Admins.MakeAdmin(operator, userstest.Ada, "")
			if !done.Promoted || done.Ended != 1 {
				t.Errorf("%+v", done)
			}
			return err
		})
		if admins, err := w.Admins.List(operator); err != nil || len(admins) != 1 || admins[0].ID != user.ID || !w.Claims(w.Login(userstest.Ada, userstest.Secret).Access).Admin {
			t.Errorf("%+v, %v", admins, err)
		}
		_, _ = w.Admins.SignOutEverywhere(operator, user.ID)
		step("unmade", usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED, "demoted", func() error {
			done, err := w.Admins.RemoveAdmin(operator, userstest.Ada)
			if !done.Removed || done.Ended != 1 || done.Left != 0 {
				t.Errorf("%+v", done)
			}
			return err
		})
		if admins, err := w.Admins.List(operator); err != nil || len(admins) != 0 || w.Claims(w.Login(userstest.Ada, userstest.Secret).Access).Admin {
			t.Errorf("%+v, %v", admins, err)
		}
	})
}

// Repeating either changes nothing and tells nobody; an account that is made as an
// administrator's is recorded and told of, too.
func TestFault17_NothingToChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := userstest.NewWorld(t)
	_, err := w.Admins.RemoveAdmin(ctx, userstest.Ada)
	userstest.Wants(t, err, fault.NotFound, "user_not_found")
	made, err := w.Admins.MakeAdmin(ctx, userstest.Ada, userstest.Secret)
	if err != nil || userstest.LastChange(w) != usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE {
		t.Fatalf("%+v, %v", made, err)
	}
	if log, err := w.Audits.Of(ctx, made.User.ID, "", 10); err != nil || len(log) != 1 || log[0].Detail != "promoted" {
		t.Errorf("%+v, %v", log, err)
	}
	w.Login(userstest.Ada, userstest.Secret)
	for _, again := range []func() error{
		func() error { _, err := w.Admins.MakeAdmin(ctx, userstest.Ada, ""); return err },
		func() error { _, err := w.Admins.RemoveAdmin(ctx, made.User.ID); return err },
		func() error { _, err := w.Admins.RemoveAdmin(ctx, made.User.ID); return err },
	} {
		if err := again(); err != nil {
			t.Error(err)
		}
	}
	if told := w.Emitted(); len(told) != 2 {
		t.Errorf("told %v", told)
	}
}

// Second factors that somebody planted in an account are named when it is promoted.
func TestFault17_PlantedFactorsAreNamed(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	w.Enrol(w.As(w.Login(userstest.Ada, userstest.Secret).Access))
	done, err := w.Admins.MakeAdmin(context.Background(), userstest.Ada, "")
	if diff := cmp.Diff([]authn.Method{authn.ByTOTP, authn.ByRecovery}, done.Factors); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
}

func TestMakeAdmin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("New", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		done, err := w.Admins.MakeAdmin(ctx, userstest.Ada, "")
		weak, unread := passwords.Policy{}.Weakness(done.Generated, userstest.Ada)
		long, _ := passwords.Policy{Long: true}.Weakness(done.Generated, userstest.Ada)
		if err != nil || unread != nil || !done.Created || !done.User.Admin || weak+long != "" {
			t.Fatalf("%+v, %v", done, err)
		}
		if !w.Claims(w.Login(userstest.Ada, done.Generated).Access).Admin {
			t.Error("the token is not an administrator's")
		}
		again, err := w.Admins.MakeAdmin(ctx, strings.ToUpper(userstest.Ada), "Other-Horse-7")
		want := admin.Appointment{User: done.User}
		if diff := cmp.Diff(want, again); diff != "" || err != nil {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
		w.Login(userstest.Ada, done.Generated)
	})
	t.Run("NewWithPassword", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		if done, err := w.Admins.MakeAdmin(ctx, userstest.Ada, userstest.Secret); err != nil || !done.Created || done.Generated != "" {
			t.Fatalf("%+v, %v", done, err)
		}
		w.Login(userstest.Ada, userstest.Secret)
	})
	t.Run("Promoted", func(t *testing.T) {
		t.Parallel()
		w := userstest.NewWorld(t)
		user := w.SignUp(userstest.Ada, userstest.Secret)
		before := w.Login(userstest.Ada, userstest.Secret)
		done, err := w.Admins.MakeAdmin(ctx, userstest.Ada, "")
		user.Admin = true
		if diff := cmp.Diff(admin.Appointment{User: user, Promoted: true, Ended: 1}, done); diff != "" || err != nil {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
		if w.Claims(before.Access).Admin || !w.Claims(w.Login(userstest.Ada, userstest.Secret).Access).Admin {
			t.Error("the promotion should show from the next sign-in on")
		}
	})
	t.Run("AtOnce", func(t *testing.T) {
		t.Parallel()
		userstest.Each(t, func(t *testing.T, w *userstest.World) {
			for _, err := range userstest.Together(4, func(int) error {
				_, err := w.Admins.MakeAdmin(ctx, userstest.Ada, userstest.Secret)
				return err
			}) {
				if err != nil {
					t.Error(err)
				}
			}
			if n := w.Count(`SELECT COUNT(*) FROM users_accounts WHERE admin = 1`); n != 1 {
				t.Errorf("%d administrators", n)
			}
		})
	})
	t.Run("Refuses", func(t *testing.T) {
		t.Parallel()
		_, err := userstest.NewWorld(t).Admins.MakeAdmin(ctx, "ada", "weak")
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
		if diff := cmp.Diff([]string{"/email", "/password"}, userstest.Pointers(err)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

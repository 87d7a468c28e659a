package subjects_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/admin"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/passwords"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/fault"
)

// Who is made an administrator, and who no longer is one, is in the audit log with who
// did it; the owner is told, and the sessions from before end everywhere.
func TestFault17_AdministratorsAreMadeAndUnmade(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		operator := callctx.WithClient(context.Background(), callctx.Client{Agent: "command line, by grace"})
		user := w.signUp(ada, secret)
		step := func(name string, change usersevents.CredentialsChange, detail string, do func() error) {
			t.Helper()
			before, revoked := w.login(ada, secret), w.revokedSince()
			w.clock.pass(time.Second) // records of one instant have no order
			if err := do(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_, err := w.Sessions.Refresh(operator, before.Refresh)
			wants(t, err, fault.Unauthenticated, "refresh_token_invalid")
			if got := w.revokedSince(); got != revoked+1 {
				t.Errorf("%s: %d revocations, then %d", name, revoked, got)
			}
			if got := lastChange(w); got != change {
				t.Errorf("%s: told of %s", name, got)
			}
			log, err := w.Audits.Of(operator, user.ID, "", 1)
			if err != nil || len(log) != 1 || log[0].Event != "account_change" || log[0].Detail != detail || log[0].UserAgent != "command line, by grace" {
				t.Errorf("%s: %+v, %v", name, log, err)
			}
		}
		step("made", usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE, "promoted", func() error {
			done, err := w.Admins.MakeAdmin(operator, ada, "")
			if !done.Promoted || done.Ended != 1 {
				t.Errorf("%+v", done)
			}
			return err
		})
		if admins, err := w.Admins.List(operator); err != nil || len(admins) != 1 || admins[0].ID != user.ID || !w.claims(w.login(ada, secret).Access).Admin {
			t.Errorf("%+v, %v", admins, err)
		}
		_, _ = w.Admins.SignOutEverywhere(operator, user.ID)
		step("unmade", usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED, "demoted", func() error {
			done, err := w.Admins.RemoveAdmin(operator, ada)
			if !done.Removed || done.Ended != 1 || done.Left != 0 {
				t.Errorf("%+v", done)
			}
			return err
		})
		if admins, err := w.Admins.List(operator); err != nil || len(admins) != 0 || w.claims(w.login(ada, secret).Access).Admin {
			t.Errorf("%+v, %v", admins, err)
		}
	})
}

// revokedSince counts what gateways are told of.
func (w *world) revokedSince() int {
	w.t.Helper()
	return w.count(`SELECT COUNT(*) FROM users_revocations`)
}

// Repeating either changes nothing and tells nobody; an account that is made as an
// administrator's is recorded and told of, too.
func TestFault17_NothingToChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	_, err := w.Admins.RemoveAdmin(ctx, ada)
	wants(t, err, fault.NotFound, "user_not_found")
	made, err := w.Admins.MakeAdmin(ctx, ada, secret)
	if err != nil || lastChange(w) != usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE {
		t.Fatalf("%+v, %v", made, err)
	}
	if log, err := w.Audits.Of(ctx, made.User.ID, "", 10); err != nil || len(log) != 1 || log[0].Detail != "promoted" {
		t.Errorf("%+v, %v", log, err)
	}
	w.login(ada, secret)
	for _, again := range []func() error{
		func() error { _, err := w.Admins.MakeAdmin(ctx, ada, ""); return err },
		func() error { _, err := w.Admins.RemoveAdmin(ctx, made.User.ID); return err },
		func() error { _, err := w.Admins.RemoveAdmin(ctx, made.User.ID); return err },
	} {
		if err := again(); err != nil {
			t.Error(err)
		}
	}
	if told := w.emitted(); len(told) != 2 {
		t.Errorf("told %v", told)
	}
}

// Second factors that somebody planted in an account are named when it is promoted.
func TestFault17_PlantedFactorsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(ada, secret)
	w.enrol(w.as(w.login(ada, secret).Access))
	done, err := w.Admins.MakeAdmin(context.Background(), ada, "")
	if diff := cmp.Diff([]authn.Method{authn.ByTOTP, authn.ByRecovery}, done.Factors); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
}

func TestMakeAdmin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("New", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		done, err := w.Admins.MakeAdmin(ctx, ada, "")
		weak, unread := passwords.Policy{}.Weakness(done.Generated, ada)
		long, _ := passwords.Policy{Long: true}.Weakness(done.Generated, ada)
		if err != nil || unread != nil || !done.Created || !done.User.Admin || weak+long != "" {
			t.Fatalf("%+v, %v", done, err)
		}
		if !w.claims(w.login(ada, done.Generated).Access).Admin {
			t.Error("the token is not an administrator's")
		}
		again, err := w.Admins.MakeAdmin(ctx, strings.ToUpper(ada), "Other-Horse-7")
		want := admin.Appointment{User: done.User}
		if diff := cmp.Diff(want, again); diff != "" || err != nil {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
		w.login(ada, done.Generated)
	})
	t.Run("NewWithPassword", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		if done, err := w.Admins.MakeAdmin(ctx, ada, secret); err != nil || !done.Created || done.Generated != "" {
			t.Fatalf("%+v, %v", done, err)
		}
		w.login(ada, secret)
	})
	t.Run("Promoted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		user := w.signUp(ada, secret)
		before := w.login(ada, secret)
		done, err := w.Admins.MakeAdmin(ctx, ada, "")
		user.Admin = true
		if diff := cmp.Diff(admin.Appointment{User: user, Promoted: true, Ended: 1}, done); diff != "" || err != nil {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
		if w.claims(before.Access).Admin || !w.claims(w.login(ada, secret).Access).Admin {
			t.Error("the promotion should show from the next sign-in on")
		}
	})
	t.Run("AtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, w *world) {
			for _, err := range together(4, func(int) error {
				_, err := w.Admins.MakeAdmin(ctx, ada, secret)
				return err
			}) {
				if err != nil {
					t.Error(err)
				}
			}
			if n := w.count(`SELECT COUNT(*) FROM users_accounts WHERE admin = 1`); n != 1 {
				t.Errorf("%d administrators", n)
			}
		})
	})
	t.Run("Refuses", func(t *testing.T) {
		t.Parallel()
		_, err := newWorld(t).Admins.MakeAdmin(ctx, "ada", "weak")
		wants(t, err, fault.InvalidArgument, "validation_failed")
		if diff := cmp.Diff([]string{"/email", "/password"}, pointers(err)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

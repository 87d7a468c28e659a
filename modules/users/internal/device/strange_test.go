package device_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/userstest"
	"app/modules/users/usersevents"
)

// What browsers call themselves; updated is the first one after an update.
const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	updated = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	edge    = chrome + " Edg/126.0.2592.87"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)

// The owner is told of a program or a place that is new to the account, once, and of
// nothing else.
func TestNoticeOfAStrangeSignIn(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		w.SignUp(userstest.Ada, userstest.Secret)
		const line, lineLater, mobile = "203.0.113.0/24", "203.0.200.0/24", "2001:db8:1::/48"
		for _, step := range []struct {
			what, network, agent string
			want                 []string
		}{
			{"the first sign-in of all", line, firefox, nil},
			{"the same again", line, firefox, nil},
			{"another address of the same line, and an update", lineLater, updated, nil},
			{"a new program", line, chrome, []string{"Chrome on Windows"}},
			{"it says that it is Chrome and Safari too", line, edge, []string{"Edge on Windows"}},
			{"a new place", "198.51.100.0/24", firefox, []string{"Firefox on Linux"}},
			{"both", mobile, safari, []string{"Safari on iOS"}},
			{"all of these again", "2001:db8:2::/48", safari, nil},
			{"none of the usual programs", line, "Your account is lost: call 0800", []string{" on "}},
			{"nor this one, which is the same to the owner", line, "curl/8.7", nil},
			{"nor one that says nothing", line, "", nil},
		} {
			if diff := cmp.Diff(step.want, w.Notices(step.network, step.agent)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.what, diff)
			}
		}
	})
}

// What an account was signed in to with outlives the session, as long as the audit log.
// An account that nobody has used for longer is not taken for one that is new.
func TestNoticeAfterALongTime(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	sweep := func() {
		t.Helper()
		for more := true; more; {
			var err error
			if more, err = w.SweepOnce(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := w.Notices("203.0.113.0/24", firefox); got != nil {
		t.Fatal(got)
	}
	w.Clock.Pass(userstest.Limits().SessionLife + time.Hour)
	sweep()
	if n := w.Count(`SELECT COUNT(*) FROM users_sessions`); n != 0 {
		t.Fatalf("%d sessions are left", n)
	}
	if got := w.Notices("203.0.113.0/24", updated); got != nil {
		t.Errorf("after the session: %q", got)
	}
	w.Clock.Pass(userstest.Limits().AuditKeep + time.Hour)
	sweep()
	if diff := cmp.Diff([]string{"Firefox on Linux"}, w.Notices("203.0.113.0/24", firefox)); diff != "" {
		t.Errorf("after the log (-want +got):\n%s", diff)
	}
}

// The notice has nothing of where it was, and goes to the account's address in its
// language.
func TestNoticeSaysNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	user := w.SignUp(userstest.Ada, userstest.Secret)
	w.Run(`UPDATE users_accounts SET locale = 'de'`)
	w.Notices("203.0.113.0/24", firefox)
	at := w.Clock.Now()
	w.Notices("198.51.100.0/24", chrome)
	told := w.Emitted()
	got, ok := told[len(told)-1].(*usersevents.SignedInAnew)
	if !ok || got.GetUserId() != user.ID || got.GetEmail() != userstest.Ada || got.GetFirstName() != "Ada" || got.GetLocale() != "de" || !got.GetSignedInAt().AsTime().Equal(at) {
		t.Errorf("told %v", told[len(told)-1])
	}
}

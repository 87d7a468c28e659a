package admin_test

import (
	"context"
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/fault"
)

func TestDisable(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		user := w.SignUp(userstest.Ada, userstest.Secret)
		tokens, browser := w.Login(userstest.Ada, userstest.Secret), w.Browse(context.Background())
		for i, want := range []bool{true, false} {
			if changed, err := w.Admins.Disable(context.Background(), user.ID); err != nil || changed != want {
				t.Errorf("disable %d: %v, %v", i, changed, err)
			}
		}
		w.RefusesRefresh(tokens.Refresh)
		w.Closed(browser.Browser.Token)
		if revoked, _ := w.Revoked(0); len(revoked) != 2 {
			t.Errorf("gateways are told of %q", revoked)
		}
		if changed, err := w.Admins.Enable(context.Background(), user.ID); err != nil || !changed {
			t.Errorf("enable: %v, %v", changed, err)
		}
		w.RefusesRefresh(tokens.Refresh)
		w.Login(userstest.Ada, userstest.Secret)
		if ended, err := w.Admins.SignOutEverywhere(context.Background(), user.ID); err != nil || ended != 1 {
			t.Errorf("sign out: %d, %v", ended, err)
		}
		_, err := w.Admins.Disable(context.Background(), "usr_x")
		userstest.Wants(t, err, fault.NotFound, "user_not_found")
	})
}

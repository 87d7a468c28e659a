package apikey_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/apikey"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
	"app/platform/identity"
)

func TestAPIKey(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		user := w.SignUp(userstest.Ada, userstest.Secret)
		ctx := w.As(w.Login(userstest.Ada, userstest.Secret).Access)
		info, key, err := w.APIKeys.Create(ctx, userstest.Draft())
		if err != nil || !identity.ValidAPIKey(key) || info.Name != "till" || info.Scopes != "catalog:write orders:read" || info.CreatedBy != user.ID || info.Hint != key[:9] {
			t.Fatalf("%+v, %q, %v", info, key, err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM users_api_keys WHERE key_hash LIKE ?`, "%"+key[5:]+"%"); n != 0 {
			t.Error("the key itself is kept")
		}
		found, err := w.APIKeys.Find(context.Background(), key)
		if err != nil || found.ID != info.ID || found.MerchantID != "mrc_1" || found.Scopes != info.Scopes {
			t.Errorf("%+v, %v", found, err)
		}
		_, other, err := w.APIKeys.Create(ctx, userstest.Draft())
		if err != nil || other == key {
			t.Errorf("%q, %v", other, err)
		}
		userstest.Wants(t, w.APIKeys.Revoke(ctx, "mrc_2", info.ID), fault.NotFound, "api_key_not_found")
		if err := w.APIKeys.Revoke(ctx, "mrc_1", info.ID); err != nil {
			t.Error(err)
		}
		_, err = w.APIKeys.Find(context.Background(), key)
		userstest.Wants(t, err, fault.NotFound, "api_key_not_found")
		if err := w.APIKeys.Revoke(ctx, "mrc_1", info.ID); err != nil {
			t.Errorf("again: %v", err)
		}
		userstest.Wants(t, w.APIKeys.Revoke(ctx, "mrc_1", "key_x"), fault.NotFound, "api_key_not_found")
		if subjects, _ := w.Revoked(0); len(subjects) != 1 || subjects[0] != info.ID {
			t.Errorf("gateways are told of %q", subjects)
		}
		left, err := w.APIKeys.List(context.Background(), "mrc_1")
		if err != nil || len(left) != 1 || left[0].Hint != other[:9] {
			t.Errorf("%+v, %v", left, err)
		}
	})
}

func TestAPIKeyUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	_, key, err := w.APIKeys.Create(context.Background(), userstest.Draft())
	if err != nil {
		t.Fatal(err)
	}
	used := func() time.Time {
		keys, err := w.APIKeys.List(context.Background(), "mrc_1")
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		return keys[0].LastUsedAt
	}
	use := func() {
		if _, err := w.APIKeys.Find(context.Background(), key); err != nil {
			t.Fatal(err)
		}
	}
	if !used().IsZero() {
		t.Error("used before it was")
	}
	use()
	first := used()
	w.Clock.Pass(59 * time.Second)
	use()
	if got := used(); !got.Equal(first) || !first.Equal(userstest.Moment) {
		t.Errorf("%s, then %s", first, got)
	}
	w.Clock.Pass(time.Second)
	use()
	if got := used(); !got.Equal(first.Add(time.Minute)) {
		t.Errorf("%s, then %s", first, got)
	}
}

func TestAPIKeyRunsOut(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	d := userstest.Draft()
	end := userstest.Moment.Add(time.Hour)
	d.ExpiresAt = &end
	_, key, err := w.APIKeys.Create(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Pass(time.Hour - time.Second)
	if found, err := w.APIKeys.Find(context.Background(), key); err != nil || !found.ExpiresAt.Equal(end) {
		t.Errorf("%+v, %v", found, err)
	}
	w.Clock.Pass(time.Second)
	_, err = w.APIKeys.Find(context.Background(), key)
	userstest.Wants(t, err, fault.NotFound, "api_key_not_found")
	if keys, err := w.APIKeys.List(context.Background(), "mrc_1"); err != nil || len(keys) != 0 {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestCreateAPIKeyRefuses(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	for name, tc := range map[string]struct {
		change func(d *apikey.Draft)
		want   []string
	}{
		"NoName":        {func(d *apikey.Draft) { d.Name = " " }, []string{"/name"}},
		"LongName":      {func(d *apikey.Draft) { d.Name = strings.Repeat("ж", 101) }, []string{"/name"}},
		"NameWithBreak": {func(d *apikey.Draft) { d.Name = "a\nb" }, []string{"/name"}},
		"NoScope":       {func(d *apikey.Draft) { d.Scopes = nil }, []string{"/scopes"}},
		"UnknownScope":  {func(d *apikey.Draft) { d.Scopes = []string{"orders:read", "admin"} }, []string{"/scopes"}},
		"Past":          {func(d *apikey.Draft) { d.ExpiresAt = new(userstest.Moment) }, []string{"/expires_at"}},
		"FarFuture":     {func(d *apikey.Draft) { d.ExpiresAt = new(userstest.Moment.AddDate(11, 0, 0)) }, []string{"/expires_at"}},
		"Everything":    {func(d *apikey.Draft) { *d = apikey.Draft{ExpiresAt: new(userstest.Moment)} }, []string{"/name", "/scopes", "/expires_at"}},
	} {
		d := userstest.Draft()
		tc.change(&d)
		_, key, err := w.APIKeys.Create(context.Background(), d)
		if diff := cmp.Diff(tc.want, userstest.Pointers(err)); diff != "" || key != "" {
			t.Errorf("%s: %q, %s", name, key, diff)
		}
	}
	t.Run("MoreThanAHundred", func(t *testing.T) {
		for range 100 {
			if _, _, err := w.APIKeys.Create(context.Background(), userstest.Draft()); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := w.APIKeys.Create(context.Background(), userstest.Draft())
		userstest.Wants(t, err, fault.ResourceExhausted, "too_many_api_keys")
		other := userstest.Draft()
		other.MerchantID = "mrc_2"
		if _, _, err := w.APIKeys.Create(context.Background(), other); err != nil {
			t.Error(err)
		}
	})
}

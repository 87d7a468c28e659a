package users_test

import (
	"context"
	"slices"
	"testing"

	"app/modules/users"
	"app/platform/config"
	"app/platform/host"
	"app/platform/lifecycle"
)

// On a public address the module says that the second factor is switched off, and whose
// password everybody knows.
func TestFault04_UsersAnnouncesWhatStrangersMayUse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := admin(t, folder, "", "--email", "root@example.com"); err != nil {
		t.Fatal(err)
	}
	const noFactor = "administrators and merchants' owners and managers need no second factor: USERS_FACTOR_REQUIRED=off"
	const seeded = "accounts of app seed, whose password everybody knows: bob@example.com"
	for _, step := range []struct {
		factor, newcomer string
		want             []string
	}{
		{factor: "auto"},
		{factor: "off", want: []string{noFactor}},
		{factor: "off", newcomer: "bob@example.com", want: []string{noFactor, seeded}},
		{factor: "on", want: []string{seeded}},
	} {
		if step.newcomer != "" {
			if _, err := admin(t, folder, "", "--email", step.newcomer); err != nil {
				t.Fatal(err)
			}
		}
		m := users.New()
		tool := host.NewTool(host.Options{
			Modules: []lifecycle.Module{m},
			Environment: config.Fixed(map[string]string{
				"DATA_DIR": folder, "LOG_LEVEL": "error", "USERS_FACTOR_REQUIRED": step.factor,
			}),
			LogTo: t.Output(),
		}, "users")
		err := tool.Run(t.Context(), func(ctx context.Context) error {
			got, err := m.Announce(ctx)
			if !slices.Equal(got, step.want) {
				t.Errorf("USERS_FACTOR_REQUIRED=%s: %q, want %q", step.factor, got, step.want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

package merchants_test

import (
	"strings"
	"testing"

	"app/modules/merchants"
	"app/platform/config"
)

// Approval by nobody is for development only, unless somebody says so. What was written
// as true or false still counts.
func TestFault01_AutoApproveIsForDevelopment(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		setting             string
		development, public bool
	}{
		{"", true, false}, {"auto", true, false}, {"on", true, true}, {"off", false, false}, {"true", true, true}, {"false", false, false}, {"1", true, true}, {"F", false, false},
	} {
		var c merchants.Config
		if err := config.Load(config.Fixed(map[string]string{"MERCHANTS_AUTO_APPROVE": tc.setting}), &c); err != nil {
			t.Errorf("%q: %v", tc.setting, err)
		}
		if c.AutoApproves(true) != tc.development || c.AutoApproves(false) != tc.public {
			t.Errorf("%q: %t in development, %t in public", tc.setting, c.AutoApproves(true), c.AutoApproves(false))
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"MERCHANTS_AUTO_APPROVE": "yes", "MERCHANTS_PER_ACCOUNT": "0", "MERCHANTS_PENDING_PER_ACCOUNT": "-1", "MERCHANTS_INVITATIONS_PER_DAY": "-1",
		"MERCHANTS_INVITATIONS_PENDING": "1000001", "MERCHANTS_INVITATION_LIFE": "59m", "MERCHANTS_API_KEY_LIFE": "17521h",
	} {
		var c merchants.Config
		err := config.Load(config.Fixed(map[string]string{name: value}), &c)
		if problems := config.Problems(err); len(problems) != 1 || !strings.Contains(problems[0], name) {
			t.Errorf("%s=%s: %q", name, value, problems)
		}
	}
}

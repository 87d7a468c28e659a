package users

import (
	"context"
	"fmt"
	"strings"

	"app/modules/users/usersv1"
	"app/platform/fault"
)

// Announce implements host.Announcer: it names the accounts that `app seed` made, whose
// password everybody knows, and says when no second factor is demanded.
func (m *Module) Announce(ctx context.Context) ([]string, error) {
	var lines, found []string
	if m.config.FactorRequired == "off" {
		lines = append(lines, "administrators and merchants' owners and managers need no second factor: USERS_FACTOR_REQUIRED=off")
	}
	for _, address := range usersv1.DemoAddresses {
		switch _, err := m.subjects.Accounts.FindByEmail(ctx, address); {
		case err == nil:
			found = append(found, address)
		case fault.CodeOf(err) != fault.NotFound:
			return nil, fmt.Errorf("look for the accounts of app seed: %w", err)
		}
	}
	if len(found) > 0 {
		lines = append(lines, "accounts of app seed, whose password everybody knows: "+strings.Join(found, ", "))
	}
	return lines, nil
}

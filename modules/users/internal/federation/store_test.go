package federation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/modules/users/internal/federation"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here. What
// only statements set and ask for has no field.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, federation.IdentityRowOf, federation.FromIdentityRow)
	dbtest.RoundTrip(t, federation.FromIdentityRow, federation.IdentityRowOf)
	dbtest.RoundTrip(t, federation.StateRowOf, federation.FromStateRow)
	dbtest.RoundTrip(t, federation.FromStateRow, federation.StateRowOf, cmpopts.IgnoreFields(federation.StateRow{}, "SpentAt"))
	dbtest.RoundTrip(t, federation.LinkRowOf, federation.FromLinkRow)
	dbtest.RoundTrip(t, federation.FromLinkRow, federation.LinkRowOf, cmpopts.IgnoreFields(federation.LinkRow{}, "SpentAt"))
}

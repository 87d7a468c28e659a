package keys_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/keys"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here. The
// row holds the seed of the private key.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	want := dbtest.Filled[keys.Key](t)
	want.Private = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	row := keys.RowOf(want)
	dbtest.WantFilled(t, row)
	got, err := keys.FromRow(row)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("err %v, after the round trip (-want +got):\n%s", err, diff)
	}
}

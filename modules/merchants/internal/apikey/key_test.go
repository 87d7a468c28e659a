package apikey_test

import (
	"testing"
	"time"

	"app/modules/merchants/internal/apikey"
	"app/modules/users/usersv1"
	"app/platform/database/dbtest"
)

// A field that nothing is put into is one that was forgotten.
func TestKeyHasEveryField(t *testing.T) {
	t.Parallel()
	dbtest.WantFilled(t, apikey.ToKey(dbtest.Filled[*usersv1.APIKeyInfo](t), true))
}

func TestBodyHasEveryField(t *testing.T) {
	t.Parallel()
	key := dbtest.Filled[apikey.Key](t)
	dbtest.WantFilled(t, apikey.RenderKey(key), "Endless")
	key.ExpiresAt = time.Time{}
	dbtest.WantFilled(t, apikey.RenderKey(key), "ExpiresAt")
}

package federation_test

import (
	"testing"

	"app/modules/users/internal/federation"
	"app/modules/users/internal/userstest"
	"app/platform/database/dbtest"
)

// No field of the reply is forgotten.
func TestReplyIsWhole(t *testing.T) {
	t.Parallel()
	userstest.WantNoZero(t, federation.RenderIdentity(dbtest.Filled[federation.LinkedIdentity](t)))
}

package audit_test

import (
	"testing"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/userstest"
	"app/platform/database/dbtest"
)

// No field of the reply is forgotten.
func TestReplyIsWhole(t *testing.T) {
	t.Parallel()
	userstest.WantNoZero(t, audit.RenderRecord(dbtest.Filled[audit.Record](t)))
}

package session_test

import (
	"testing"

	"app/modules/users/internal/session"
	"app/modules/users/internal/userstest"
	"app/platform/database/dbtest"
)

// No field of the reply is forgotten.
func TestReplyIsWhole(t *testing.T) {
	t.Parallel()
	userstest.WantNoZero(t, session.RenderSession(dbtest.Filled[session.View](t)))
}

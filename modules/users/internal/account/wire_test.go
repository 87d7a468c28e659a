package account_test

import (
	"testing"

	"app/modules/users/internal/account"
	"app/modules/users/internal/userstest"
	"app/platform/database/dbtest"
)

// No field of the reply is forgotten.
func TestReplyIsWhole(t *testing.T) {
	t.Parallel()
	userstest.WantNoZero(t, account.RenderUser(dbtest.Filled[account.User](t)))
}

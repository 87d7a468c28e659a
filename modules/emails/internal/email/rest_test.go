package email_test

import (
	"reflect"
	"testing"

	"app/modules/emails/internal/email"
	"app/platform/database/dbtest"
)

// A field of the reply that nobody fills fails here.
func TestReplyHasEveryField(t *testing.T) {
	t.Parallel()
	wire := reflect.ValueOf(email.WireOf(dbtest.Filled[email.Email](t)))
	for i := range wire.NumField() {
		if wire.Field(i).IsZero() {
			t.Errorf("%s of the reply is left out", wire.Type().Field(i).Name)
		}
	}
}

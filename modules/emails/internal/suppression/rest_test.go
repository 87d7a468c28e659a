package suppression_test

import (
	"reflect"
	"testing"

	"app/modules/emails/internal/suppression"
	"app/platform/database/dbtest"
)

// A field of the reply that nobody fills fails here.
func TestReplyHasEveryField(t *testing.T) {
	t.Parallel()
	wire := reflect.ValueOf(suppression.WireOf(dbtest.Filled[suppression.Suppression](t)))
	for i := range wire.NumField() {
		if wire.Field(i).IsZero() {
			t.Errorf("%s of the reply is left out", wire.Type().Field(i).Name)
		}
	}
}

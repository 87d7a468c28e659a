package mailbox_test

import (
	"testing"

	"app/modules/emails/internal/mailbox"
)

// A field that the row leaves out would be lost, and fails here.
func TestRows(t *testing.T) {
	t.Parallel()
	mailbox.RowsKeepEverything(t)
}

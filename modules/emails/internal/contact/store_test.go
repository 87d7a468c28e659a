package contact_test

import (
	"testing"

	"app/modules/emails/internal/contact"
)

func TestRows(t *testing.T) {
	t.Parallel()
	contact.RowsKeepEverything(t)
}

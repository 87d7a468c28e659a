package withheld_test

import (
	"testing"

	"app/modules/emails/internal/withheld"
)

func TestRows(t *testing.T) {
	t.Parallel()
	withheld.RowsKeepEverything(t)
}

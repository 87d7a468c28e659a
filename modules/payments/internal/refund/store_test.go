package refund_test

import (
	"testing"

	"app/modules/payments/internal/refund"
)

func TestRowsKeepEverything(t *testing.T) {
	t.Parallel()
	refund.RowsKeepEverything(t)
}

package payment_test

import (
	"testing"

	"app/modules/payments/internal/payment"
)

func TestRowsKeepEverything(t *testing.T) {
	t.Parallel()
	payment.RowsKeepEverything(t)
}

package webhook_test

import (
	"testing"

	"app/modules/payments/internal/webhook"
)

func TestRowsKeepEverything(t *testing.T) {
	t.Parallel()
	webhook.RowsKeepEverything(t)
}

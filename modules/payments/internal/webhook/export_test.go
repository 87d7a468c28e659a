package webhook

import (
	"testing"

	"app/platform/database/dbtest"
)

// MaxResult bounds what is kept of an error.
const MaxResult = maxResult

// Kept is what is kept of an error.
func Kept(said string) string { return sanitizeError(said) }

// RowsKeepEverything fails for a field that has no column.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	dbtest.RoundTrip(t, newWebhookRow, webhookRow.toWebhook)
	dbtest.RoundTrip(t, webhookRow.toWebhook, newWebhookRow)
}

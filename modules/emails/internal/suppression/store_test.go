package suppression_test

import (
	"testing"

	"app/modules/emails/internal/suppression"
	"app/platform/database/dbtest"
)

// A field that the row leaves out would be lost, and fails here.
func TestSuppressionRow(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, suppression.RowOf, suppression.SuppressionOf)
	dbtest.RoundTrip(t, suppression.SuppressionOf, suppression.RowOf)
}

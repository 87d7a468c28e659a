package suppression_test

import (
	"testing"

	"app/modules/emails/internal/suppression"
)

func TestStops(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reason           suppression.Reason
		neededForAccount bool
		want             bool
	}{
		{suppression.Bounce, false, true},
		{suppression.Bounce, true, true},
		{suppression.Complaint, false, true},
		{suppression.Complaint, true, false},
	} {
		if got := (suppression.Suppression{Reason: tc.reason}).Stops(tc.neededForAccount); got != tc.want {
			t.Errorf("%s, needed for the account %v: %v, want %v", tc.reason, tc.neededForAccount, got, tc.want)
		}
	}
}

package suppression_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := &suppression.Service{DB: db}
		first := suppression.Suppression{
			Address: "ada@example.com", Reason: suppression.Complaint, Detail: "abuse", EmailID: "ltr_1",
			CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		}
		bounce := first
		bounce.Reason, bounce.Detail, bounce.EmailID = suppression.Bounce, "no such mailbox", "ltr_2"
		for _, tc := range []struct {
			name         string
			report, want suppression.Suppression
		}{
			{"the first report is kept", first, first},
			{"a bounce replaces a complaint", bounce, bounce},
			{"a complaint replaces nothing", first, bounce},
		} {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return suppression.Add(ctx, tx, tc.report) })
			if err != nil {
				t.Fatalf("%s: %v", tc.name, err)
			}
			found, err := s.List(t.Context(), suppression.Suppression{}, 10)
			if diff := cmp.Diff([]suppression.Suppression{tc.want}, found); err != nil || diff != "" {
				t.Errorf("%s: err %v (-want +got):\n%s", tc.name, err, diff)
			}
		}
	}, migrations.Files)
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := &suppression.Service{DB: dbtest.Open(t, migrations.Files)}
	if err := s.Delete(t.Context(), "nobody@example.com"); !reason.SuppressionNotFound.Matches(err) {
		t.Errorf("an address that is not suppressed: %v", err)
	}
}

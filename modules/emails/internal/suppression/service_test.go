package suppression_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
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

func TestSuppressionPages(t *testing.T) {
	t.Parallel()
	emailstest.EachPost(t, func(t *testing.T, p *emailstest.Post) {
		p.Take(emailstest.Bounce("Permanent", "ltr_1", "a@example.com", "b@example.com", "c@example.com")) // at the same time
		p.Clock.Advance(time.Second)
		p.Take(emailstest.Complaint("abuse", "ltr_1", "d@example.com", "a@example.com"))
		var got []string
		after := suppression.Suppression{}
		for {
			page, err := p.Suppressions.List(context.Background(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, s := range page {
				got = append(got, s.Address+" "+string(s.Reason))
			}
			after = page[len(page)-1]
		}
		if want := "d@example.com complaint, c@example.com bounce, b@example.com bounce, a@example.com bounce"; strings.Join(got, ", ") != want {
			t.Errorf("got %v", got)
		}
	})
}

package suppression_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/suppression"
	"app/platform/database/dbtest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// A field of the reply that nobody fills fails here.
func TestReplyHasEveryField(t *testing.T) {
	t.Parallel()
	wire := reflect.ValueOf(suppression.WireOf(dbtest.Filled[suppression.Suppression](t)))
	for i := range wire.NumField() {
		if wire.Field(i).IsZero() {
			t.Errorf("%s of the reply is left out", wire.Type().Field(i).Name)
		}
	}
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	addresses := []string{"a@example.com", "b+c@example.com", "d@example.com"}
	if code := a.PostNotice(a.SNS.Sign(a.SNS.Notification(emailstest.Complaint("abuse", "ltr_1", addresses...), a.Clock.Now()))); code != http.StatusOK {
		t.Fatalf("got %d", code)
	}
	var got []string
	path := "/v1/emails/suppressions?limit=2"
	for path != "" {
		w := a.Call(emailstest.Admin, http.MethodGet, path, "")
		var page struct {
			Data    []struct{ Address, Reason, Detail string }
			HasMore bool `json:"has_more"`
			Next    string
		}
		if err := json.Unmarshal([]byte(w.Body), &page); err != nil || w.Status != http.StatusOK {
			t.Fatalf("%d %s", w.Status, w.Body)
		}
		for _, row := range page.Data {
			got = append(got, row.Address)
		}
		if path = ""; page.HasMore {
			path = "/v1/emails/suppressions?limit=2&after=" + page.Next
		}
	}
	if strings.Join(got, " ") != "d@example.com b+c@example.com a@example.com" {
		t.Errorf("got %v", got)
	}
	for want, path := range map[int]string{
		http.StatusNoContent: "?address=" + url.QueryEscape("B+c@Example.com"), http.StatusNotFound: "?address=nobody@example.com", http.StatusUnprocessableEntity: "",
	} {
		if w := a.Call(emailstest.Admin, http.MethodDelete, "/v1/emails/suppressions"+path, ""); w.Status != want {
			t.Errorf("DELETE %s answered %d, want %d: %s", path, w.Status, want, w.Body)
		}
	}
	if w := a.Call(emailstest.Admin, http.MethodGet, "/v1/emails/suppressions?after=x", ""); w.Status != http.StatusUnprocessableEntity {
		t.Errorf("a cursor of nobody: %d", w.Status)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if w := a.Call(emailstest.User, method, "/v1/emails/suppressions?address=a@example.com", ""); w.Status != http.StatusForbidden {
			t.Errorf("%s by a user: %d", method, w.Status)
		}
	}
}

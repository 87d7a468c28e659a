package rest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"app/modules/emails/emailstest"
	"app/platform/identity"
)

func (s *site) post(body []byte) int {
	s.t.Helper()
	return s.call(identity.Principal{}, http.MethodPost, "/v1/emails/webhooks/ses", string(body), "Content-Type", "text/plain; charset=UTF-8").Code
}

func TestNotice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	m := s.sns.Notification(emailstest.Bounce("Permanent", "ltr_1", "ada@example.com"), s.now())
	body := s.sns.Sign(m)
	for range 2 { // the second is a replay
		if code := s.post(body); code != http.StatusOK {
			t.Errorf("got %d", code)
		}
	}
	if w := s.call(admin, http.MethodGet, "/v1/emails/suppressions", ""); !strings.Contains(w.Body.String(), `"address":"ada@example.com","reason":"bounce"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	m["Message"] = emailstest.Bounce("Permanent", "ltr_1", "bob@example.com")
	if code := s.post(emailstest.Encode(m)); code != http.StatusUnauthorized {
		t.Errorf("a forged message: %d", code)
	}
	m["TopicArn"] = "arn:aws:sns:eu-central-1:666666666666:ses-events"
	if code := s.post(s.sns.Sign(m)); code != http.StatusForbidden {
		t.Errorf("a foreign topic: %d", code)
	}
	if code := s.post([]byte("hello")); code != http.StatusUnprocessableEntity {
		t.Errorf("no message: %d", code)
	}
	if code := s.post([]byte(`{"x":"` + strings.Repeat("x", 600<<10) + `"}`)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a message without end: %d", code)
	}
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	addresses := []string{"a@example.com", "b+c@example.com", "d@example.com"}
	if code := s.post(s.sns.Sign(s.sns.Notification(emailstest.Complaint("abuse", "ltr_1", addresses...), s.now()))); code != http.StatusOK {
		t.Fatalf("got %d", code)
	}
	var got []string
	path := "/v1/emails/suppressions?limit=2"
	for path != "" {
		w := s.call(admin, http.MethodGet, path, "")
		var page struct {
			Data    []struct{ Address, Reason, Detail string }
			HasMore bool `json:"has_more"`
			Next    string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
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
		if w := s.call(admin, http.MethodDelete, "/v1/emails/suppressions"+path, ""); w.Code != want {
			t.Errorf("DELETE %s answered %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
	if w := s.call(admin, http.MethodGet, "/v1/emails/suppressions?after=x", ""); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a cursor of nobody: %d", w.Code)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if w := s.call(user, method, "/v1/emails/suppressions?address=a@example.com", ""); w.Code != http.StatusForbidden {
			t.Errorf("%s by a user: %d", method, w.Code)
		}
	}
}

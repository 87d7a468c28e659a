package request_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
	"app/platform/identity"
	"app/platform/ids"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestSend(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	w := a.Call(emailstest.Admin, http.MethodPost, "/v1/emails", emailstest.WelcomeBody, "Idempotency-Key", "one-e-mail")
	var sent map[string]any
	if err := json.Unmarshal([]byte(w.Body), &sent); err != nil || w.Status != http.StatusAccepted {
		t.Fatalf("%d %s", w.Status, w.Body)
	}
	id, _ := sent["id"].(string)
	want := map[string]any{
		"id": id, "status": "queued", "template": "welcome", "locale": "en", "to": "ada@example.com", "subject": "Welcome, <b>Ada<b>",
		"attempts": 0.0, "created_at": "2026-03-01T12:00:00.123456Z",
	}
	if diff := cmp.Diff(want, sent); diff != "" || !ids.Valid("ltr", id) || w.Header.Get("Location") != "/v1/emails/"+id {
		t.Errorf("Location %s (-want +got)\n%s", w.Header.Get("Location"), diff)
	}
	if again := a.Call(emailstest.Admin, http.MethodPost, "/v1/emails", emailstest.WelcomeBody, "Idempotency-Key", "one-e-mail"); again.Body != w.Body {
		t.Errorf("the same key answered\n%s", again.Body)
	}
	if n := a.SendDue(); n != 1 {
		t.Fatalf("%d e-mails were sent", n)
	}
	if got := a.Call(emailstest.Admin, http.MethodGet, "/v1/emails/"+id, ""); !strings.Contains(got.Body, `"status":"sent"`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestSend_BadInput(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	for name, tc := range map[string]struct {
		body     string
		pointers []string
	}{
		"Template":  {`{"template":"none","to":"ada@example.com","data":{}}`, []string{"/template"}},
		"Variables": {`{"template":"verify_address","to":"ada@example.com","data":{"first_name":"Ada"}}`, []string{"/data/code", "/data/minutes"}},
		"Injection": {`{"template":"welcome","to":"ada@example.com\r\nBcc: all@example.com","data":{"first_name":"Ada"}}`, []string{"/to"}},
		"Missing":   {`{"template":"welcome"}`, []string{"/data"}},
		"NoAddress": {`{"template":"welcome","data":{}}`, []string{"/data/first_name", "/to"}},
		"AnOrder":   {`{"template":"welcome","to":"ada@example.com","order_id":"ord_1","data":{"first_name":"Ada"}}`, []string{"/order_id"}},
		"Types":     {`{"template":1,"to":"ada@example.com","data":[]}`, []string{"/data", "/template"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := a.Call(emailstest.Admin, http.MethodPost, "/v1/emails", tc.body)
			var problem struct{ Errors []struct{ Pointer string } }
			if err := json.Unmarshal([]byte(w.Body), &problem); err != nil || w.Status != http.StatusUnprocessableEntity {
				t.Fatalf("%d %s", w.Status, w.Body)
			}
			var got []string
			for _, e := range problem.Errors {
				got = append(got, e.Pointer)
			}
			if diff := cmp.Diff(tc.pointers, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestOnlyAdministrators(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	for _, call := range [][2]string{{http.MethodPost, "/v1/emails"}, {http.MethodGet, "/v1/emails/templates"}, {http.MethodGet, "/v1/emails/ltr_1"}} {
		for want, p := range map[int]identity.Principal{http.StatusForbidden: emailstest.User, http.StatusUnauthorized: {}} {
			body := ""
			if call[0] == http.MethodPost {
				body = emailstest.WelcomeBody
			}
			if w := a.Call(p, call[0], call[1], body); w.Status != want {
				t.Errorf("%s %s answered %d, want %d", call[0], call[1], w.Status, want)
			}
		}
	}
	if w := a.Call(emailstest.Admin, http.MethodGet, "/v1/emails/ltr_1", ""); w.Status != http.StatusNotFound {
		t.Errorf("no such e-mail: %d", w.Status)
	}
	if w := a.Call(emailstest.Admin, http.MethodGet, "/v1/emails/templates", ""); !strings.Contains(w.Body, `{"name":"receipt","variables":["order_id","lines","total"]}`) {
		t.Errorf("%d %s", w.Status, w.Body)
	}
}

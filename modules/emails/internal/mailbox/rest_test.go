package mailbox_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/mailbox"
	"app/platform/database/dbtest"
	"app/platform/identity"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// A field of the reply that nobody fills fails here.
func TestReplyHasEveryField(t *testing.T) {
	t.Parallel()
	wire := reflect.ValueOf(mailbox.WireOf(dbtest.Filled[mailbox.Mail](t)))
	for i := range wire.NumField() {
		if wire.Field(i).IsZero() {
			t.Errorf("%s of the reply is left out", wire.Type().Field(i).Name)
		}
	}
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	a := emailstest.NewAPI(t)
	if w := a.Call(identity.Principal{}, http.MethodGet, "/dev/mailbox.json", ""); w.Body != `{"data":[],"has_more":false}`+"\n" {
		t.Errorf("empty: %s", w.Body)
	}
	a.Call(emailstest.Admin, http.MethodPost, "/v1/emails", emailstest.WelcomeBody)
	a.SendDue()
	var box struct{ Data []map[string]any }
	if err := json.Unmarshal([]byte(a.Call(identity.Principal{}, http.MethodGet, "/dev/mailbox.json?to=ada@example.com", "").Body), &box); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "to", "subject", "text", "html", "created_at"} {
		if len(box.Data) != 1 || box.Data[0][name] == nil {
			t.Errorf("no %s in %v", name, box.Data)
		}
	}
	page := a.Call(identity.Principal{}, http.MethodGet, "/dev/mailbox", "")
	if body := page.Body; !strings.Contains(body, "Welcome, &lt;b&gt;Ada") || strings.Contains(body, "<b>Ada") || !strings.Contains(body, "<iframe sandbox") {
		t.Errorf("an e-mail's content reaches the page:\n%s", body)
	}
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy %q", page.Header.Get("Content-Security-Policy"))
	}
}

package rest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/rest"
	"app/modules/emails/internal/service"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/internal/template"
	"app/modules/emails/internal/transport"
	"app/modules/emails/migrations"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/operation"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// merchants is a merchants module in which all are approved but mrc_pending.
type merchants struct{}

func (merchants) Profile(_ context.Context, req *merchantsv1.ProfileRequest) (*merchantsv1.ProfileResponse, error) {
	return &merchantsv1.ProfileResponse{Name: "Lamps", Approved: req.GetMerchantId() != "mrc_pending", OwnerId: "usr_" + req.GetMerchantId()}, nil
}

// paid tells of an order of a merchant's that was paid.
func (s *site) paid(orderID, merchant, email string) {
	s.t.Helper()
	order := &ordersevents.Order{Id: orderID, Email: email, Locale: "de-AT", Lines: []*ordersevents.Line{{MerchantId: merchant, Title: "Lamp", Quantity: 1}}}
	err := s.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return s.service.Paid(ctx, tx, events.Event[*ordersevents.Paid]{
			Envelope: events.Envelope{ID: "evt_" + orderID, OccurredAt: s.now()}, Body: &ordersevents.Paid{Order: order},
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

type site struct {
	t       *testing.T
	service *service.Service
	handler http.Handler
	sns     *emailstest.SNS
	now     func() time.Time
	db      *database.DB
}

func newSite(t *testing.T) *site {
	t.Helper()
	db := dbtest.Open(t, database.Named("http", idempotency.Migrations), migrations.Files)
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC) }
	set, err := template.Parse("en")
	if err != nil {
		t.Fatal(err)
	}
	s, err := service.New(service.Options{
		DB: db, Transport: &transport.Mailbox{DB: db, Now: now}, Letters: set, Logger: slog.New(slog.DiscardHandler), Now: now,
		Workers: 1, Lease: time.Minute, Attempts: 3, MerchantTemplates: []string{"order_shipped"},
		Merchants: merchants{}, Limits: service.Limits{Recipient: 100, Merchant: 10, Owner: 10, Network: 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	api := operation.NewAPI("emails", operation.Options{Now: now})
	sns := emailstest.NewSNS(t)
	notices, err := notice.NewService(notice.Options{
		DB: db, Now: now, Logger: slog.New(slog.DiscardHandler), Verifier: &notice.Verifier{
			Topics: []string{emailstest.SNSTopic}, Source: notice.NewSource(sns.Network, time.Now), MaxAge: time.Hour, Now: now,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	handlers, suppressions, hook := rest.NewHandlers(s), suppression.NewHandlers(&suppression.Service{DB: db}), notice.NewHandlers(notices)
	rest.Register(api, &handlers)
	suppression.Register(api, &suppressions)
	notice.Register(api, &hook)
	api.UseKeys(idempotency.New(db, idempotency.Options{}))
	return &site{t, s, api.Handler(), sns, now, db}
}

func (s *site) call(p identity.Principal, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r.WithContext(identity.NewContext(r.Context(), p)))
	return w
}

var (
	admin = identity.Principal{UserID: "usr_admin", Method: identity.Bearer, Admin: true}
	user  = identity.Principal{UserID: "usr_ada", Method: identity.Bearer}
)

const welcome = `{"template":"welcome","to":"ada@example.com","data":{"first_name":"<b>Ada<b>"}}`

func TestSend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.call(admin, http.MethodPost, "/v1/emails", welcome, "Idempotency-Key", "one-letter")
	var sent map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &sent); err != nil || w.Code != http.StatusAccepted {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	id, _ := sent["id"].(string)
	want := map[string]any{
		"id": id, "status": "queued", "template": "welcome", "locale": "en", "to": "ada@example.com", "subject": "Welcome, <b>Ada<b>",
		"attempts": 0.0, "created_at": "2026-03-01T12:00:00.123456Z",
	}
	if diff := cmp.Diff(want, sent); diff != "" || !ids.Valid("ltr", id) || w.Header().Get("Location") != "/v1/emails/"+id {
		t.Errorf("Location %s (-want +got)\n%s", w.Header().Get("Location"), diff)
	}
	if again := s.call(admin, http.MethodPost, "/v1/emails", welcome, "Idempotency-Key", "one-letter"); again.Body.String() != w.Body.String() {
		t.Errorf("the same key answered\n%s", again.Body)
	}
	if n, err := s.service.SendDue(context.Background()); n != 1 || err != nil {
		t.Fatalf("%d letters were sent, %v", n, err)
	}
	if got := s.call(admin, http.MethodGet, "/v1/emails/"+id, ""); !strings.Contains(got.Body.String(), `"status":"sent"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestSend_BadInput(t *testing.T) {
	t.Parallel()
	s := newSite(t)
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
			w := s.call(admin, http.MethodPost, "/v1/emails", tc.body)
			var problem struct{ Errors []struct{ Pointer string } }
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("%d %s", w.Code, w.Body)
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
	s := newSite(t)
	for _, call := range [][2]string{{http.MethodPost, "/v1/emails"}, {http.MethodGet, "/v1/emails/templates"}, {http.MethodGet, "/v1/emails/ltr_1"}} {
		for want, p := range map[int]identity.Principal{http.StatusForbidden: user, http.StatusUnauthorized: {}} {
			body := ""
			if call[0] == http.MethodPost {
				body = welcome
			}
			if w := s.call(p, call[0], call[1], body); w.Code != want {
				t.Errorf("%s %s answered %d, want %d", call[0], call[1], w.Code, want)
			}
		}
	}
	if w := s.call(admin, http.MethodGet, "/v1/emails/ltr_1", ""); w.Code != http.StatusNotFound {
		t.Errorf("no such letter: %d", w.Code)
	}
	if w := s.call(admin, http.MethodGet, "/v1/emails/templates", ""); !strings.Contains(w.Body.String(), `{"name":"receipt","variables":["order_id","lines","total"]}`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if w := s.call(identity.Principal{}, http.MethodGet, "/dev/mailbox.json", ""); w.Body.String() != `{"data":[],"has_more":false}`+"\n" {
		t.Errorf("empty: %s", w.Body)
	}
	s.call(admin, http.MethodPost, "/v1/emails", welcome)
	if _, err := s.service.SendDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	var box struct{ Data []map[string]any }
	if err := json.Unmarshal(s.call(identity.Principal{}, http.MethodGet, "/dev/mailbox.json?to=ada@example.com", "").Body.Bytes(), &box); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "to", "subject", "text", "html", "created_at"} {
		if len(box.Data) != 1 || box.Data[0][name] == nil {
			t.Errorf("no %s in %v", name, box.Data)
		}
	}
	page := s.call(identity.Principal{}, http.MethodGet, "/dev/mailbox", "")
	if body := page.Body.String(); !strings.Contains(body, "Welcome, &lt;b&gt;Ada") || strings.Contains(body, "<b>Ada") || !strings.Contains(body, "<iframe sandbox") {
		t.Errorf("a letter's content reaches the page:\n%s", body)
	}
	if !strings.Contains(page.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy %q", page.Header().Get("Content-Security-Policy"))
	}
}

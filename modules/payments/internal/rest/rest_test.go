package rest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/rest"
	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/modules/payments/internal/testprovider"
	"app/modules/payments/paymentsv1"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money/moneyv1"
	"app/platform/operation"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var (
	start     = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	merchantA = ids.Derive("mrc", start, "a")
	merchantB = ids.Derive("mrc", start, "b")
	secret    = []byte("a secret of the test")
)

// The users, each named for what it is.
const (
	nobody   = ""
	ada      = "usr_ada" // the buyer
	root     = "usr_root"
	managerA = "usr_managerA"
	viewerA  = "usr_viewerA"
	managerB = "usr_managerB"
	stranger = "usr_stranger"
)

type roles struct{}

func (roles) Roles(_ context.Context, r *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	held := map[string]merchantsv1.Role{
		merchantA + managerA: merchantsv1.Role_ROLE_MANAGER, merchantA + viewerA: merchantsv1.Role_ROLE_VIEWER, merchantB + managerB: merchantsv1.Role_ROLE_MANAGER,
	}
	for _, id := range r.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{Role: held[id+r.GetUserId()]})
	}
	return out, nil
}

// api is the payments API on a database of its own, with the test provider.
type api struct {
	testing.TB
	http.Handler
	service *service.Service
}

func newAPI(t testing.TB) api {
	t.Helper()
	db := dbtest.Open(t, events.Migrations, idempotency.Migrations, store.Migrations())
	quiet := slog.New(slog.DiscardHandler)
	now := func() time.Time { return start }
	test := testprovider.New(testprovider.Options{DB: db, Secret: secret, SlowAfter: time.Hour, Logger: quiet, Now: now})
	svc := service.New(service.Needs{
		DB: db, Merchants: roles{}, Providers: []provider.Port{test}, Logger: quiet, Now: now,
		Options: service.Options{Timeout: time.Second, Retry: time.Second, Poll: time.Second},
	})
	a := operation.NewAPI("payments", operation.Options{})
	rest.Register(a, func() *service.Service { return svc })
	a.UseKeys(idempotency.New(db, idempotency.Options{}))
	return api{t, a.Handler(), svc}
}

// payment takes 19.90 EUR of Ada by the method, 14.90 for merchant A and 5.00 for
// merchant B, and answers its path.
func (a api) payment(method string) string {
	a.Helper()
	euro := func(cents int64) *moneyv1.Money { return &moneyv1.Money{Amount: cents, Currency: "EUR"} }
	answer, err := a.service.Start(context.Background(), &paymentsv1.StartRequest{
		PaymentId: ids.New("pay", start), OrderId: ids.New("ord", start), Amount: euro(1990), Method: method, Email: "ada@example.com", BuyerId: ada,
		ExpiresAt: timestamppb.New(start.Add(time.Hour)),
		Shares:    []*paymentsv1.Share{{MerchantId: merchantA, Amount: euro(1490)}, {MerchantId: merchantB, Amount: euro(500)}},
	})
	if err != nil {
		a.Fatal(err)
	}
	return "/v1/payments/" + answer.GetPaymentId()
}

func (a api) sendRefunds() {
	a.Helper()
	if _, err := a.service.SendRefunds(context.Background()); err != nil {
		a.Fatal(err)
	}
}

type reply struct {
	Status int
	Header http.Header
	Body   string
}

// call sends a request as the user. Headers are "Name: value".
func (a api) call(user, method, path, body string, headers ...string) reply {
	a.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	if user != nobody {
		r = r.WithContext(identity.NewContext(r.Context(), identity.Principal{UserID: user, Method: identity.Bearer, Admin: user == root}))
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// must is call for what has to succeed with the status.
func (a api) must(status int, user, method, path, body string, headers ...string) reply {
	a.Helper()
	got := a.call(user, method, path, body, headers...)
	if got.Status != status {
		a.Fatalf("%s %s: %d %s, want %d", method, path, got.Status, got.Body, status)
	}
	return got
}

type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Errors []struct {
		Pointer string `json:"pointer"`
	} `json:"errors"`
}

// wantProblem checks status, code and pointers of a refusal.
func wantProblem(t testing.TB, r reply, status int, code string, pointers ...string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Pointer)
	}
	if r.Status != status || p.Status != status || p.Code != code || !slices.Equal(pointers, got) || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want %d %s %v", r.Status, r.Body, status, code, pointers)
	}
}

func wantBody(t *testing.T, r reply, want string) {
	t.Helper()
	want = regexp.MustCompile(`\n\s*`).ReplaceAllString(want, "")
	want = strings.NewReplacer("MRC_A", merchantA, "MRC_B", merchantB).Replace(want)
	got := regexp.MustCompile(`"(ord|pay|rfd)_[0-9a-z]{26}"`).ReplaceAllString(strings.TrimSpace(r.Body), `"$1"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestPaymentOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := a.payment("test_ok")
	const key = "Idempotency-Key: one-click"
	made := a.must(http.StatusCreated, managerA, "POST", path+"/refund", `{"amount":{"amount":500,"currency":"EUR"},"reason":"broken"}`, key)
	wantBody(t, made, `{"id":"rfd","payment_id":"pay","merchant_id":"MRC_A","amount":{"amount":500,"currency":"EUR"},"reason":"broken","status":"pending","created_at":"2026-03-01T10:00:00Z"}`)
	if made.Header.Get("Location") != path {
		t.Errorf("Location is %q", made.Header.Get("Location"))
	}
	again := a.must(http.StatusCreated, managerA, "POST", path+"/refund", `{"amount":{"amount":500,"currency":"EUR"},"reason":"broken"}`, key)
	if again.Body != made.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated: %s", again.Body)
	}
	a.sendRefunds()
	wantBody(t, a.must(http.StatusOK, ada, "GET", path, ""), `{"id":"pay","order_id":"ord","status":"succeeded","amount":{"amount":1990,"currency":"EUR"},
		"refunded":{"amount":500,"currency":"EUR"},"method":"test_ok","refunds":[
		{"id":"rfd","payment_id":"pay","merchant_id":"MRC_A","amount":{"amount":500,"currency":"EUR"},"reason":"broken","status":"succeeded","created_at":"2026-03-01T10:00:00Z"}
		],"created_at":"2026-03-01T10:00:00Z"}`)
	wantBody(t, a.must(http.StatusOK, managerB, "GET", path, ""), `{"id":"pay","order_id":"ord","status":"succeeded","amount":{"amount":500,"currency":"EUR"},
		"refunded":{"amount":0,"currency":"EUR"},"method":"test_ok","refunds":[],"created_at":"2026-03-01T10:00:00Z"}`)
	wantBody(t, a.must(http.StatusOK, ada, "GET", a.payment("test_declined"), ""), `{"id":"pay","order_id":"ord","status":"failed","reason":"declined","amount":{"amount":1990,"currency":"EUR"},
		"refunded":{"amount":0,"currency":"EUR"},"method":"test_declined","refunds":[],"created_at":"2026-03-01T10:00:00Z"}`)
}

func TestRefundIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := a.payment("test_ok")
	refund := func(user, body string) reply {
		return a.call(user, "POST", path+"/refund", body, "Idempotency-Key: "+ids.New("key", time.Now()))
	}
	wantProblem(t, a.call(managerA, "POST", path+"/refund", `{"reason":"broken"}`), http.StatusBadRequest, "idempotency_key_missing", "/Idempotency-Key")
	for name, c := range map[string]struct {
		body     string
		pointers []string
	}{
		"no reason":         {`{}`, []string{"/reason"}},
		"empty reason":      {`{"reason":""}`, []string{"/reason"}},
		"a bare number":     {`{"reason":"x","amount":500}`, []string{"/amount"}},
		"nothing":           {`{"reason":"x","amount":{"amount":0,"currency":"EUR"}}`, []string{"/amount/amount"}},
		"less":              {`{"reason":"x","amount":{"amount":-5,"currency":"EUR"}}`, []string{"/amount/amount"}},
		"another currency":  {`{"reason":"x","amount":{"amount":5,"currency":"USD"}}`, []string{"/amount/currency"}},
		"no currency":       {`{"reason":"x","amount":{"amount":5}}`, []string{"/amount/currency"}},
		"unknown field":     {`{"reason":"x","to":"me"}`, []string{"/to"}},
		"another's share":   {`{"reason":"x","merchant_id":"` + merchantB + `"}`, []string{"/merchant_id"}},
		"unknown merchant":  {`{"reason":"x","merchant_id":"1"}`, []string{"/merchant_id"}},
		"an enormous count": {`{"reason":"x","amount":{"amount":99999999999999999999,"currency":"EUR"}}`, []string{"/amount/amount"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, refund(managerA, c.body), http.StatusUnprocessableEntity, "validation_failed", c.pointers...)
		})
	}
	wantProblem(t, refund(managerA, `{"reason":"x","amount":{"amount":1491,"currency":"EUR"}}`), http.StatusConflict, "refund_exceeds_capture")
	wantProblem(t, refund(viewerA, `{"reason":"x"}`), http.StatusForbidden, "role_too_low")
	wantProblem(t, refund(nobody, `{"reason":"x"}`), http.StatusUnauthorized, "unauthenticated")
	path = a.payment("test_declined")
	wantProblem(t, refund(managerA, `{"reason":"x"}`), http.StatusConflict, "payment_not_captured")
}

func TestFailure18_ForeignMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := a.payment("test_ok")
	for _, user := range []string{stranger, nobody} {
		wantProblem(t, a.call(user, "GET", path, "", "Cart-Token: guess"), http.StatusNotFound, "payment_not_found")
	}
	wantProblem(t, a.call(stranger, "POST", path+"/refund", `{"reason":"x"}`, "Idempotency-Key: k"), http.StatusNotFound, "payment_not_found")
	for _, id := range []string{"1", "pay_00000000000000000000000000", merchantA} {
		wantProblem(t, a.call(ada, "GET", "/v1/payments/"+id, ""), http.StatusNotFound, "payment_not_found")
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := a.payment("test_slow")
	body := `{"id":"evt_1","type":"charge.captured","charge":"` + strings.TrimPrefix(path, "/v1/payments/") + `","amount":1990,"currency":"EUR"}`
	signed := func(body string) string {
		return testprovider.SignatureHeader + ": " + testprovider.Sign(secret, []byte(body), start).Get(testprovider.SignatureHeader)
	}
	const hooks = "/v1/payments/webhooks/"
	wantProblem(t, a.call(nobody, "POST", hooks+"test", body), http.StatusUnauthorized, "signature_invalid")
	wantProblem(t, a.call(nobody, "POST", hooks+"test", body+" ", signed(body)), http.StatusUnauthorized, "signature_invalid")
	wantProblem(t, a.call(nobody, "POST", hooks+"nobody", body, signed(body)), http.StatusNotFound, "provider_not_found")
	wantProblem(t, a.call(nobody, "POST", hooks+"test", "[]", signed("[]")), http.StatusUnprocessableEntity, "validation_failed", "")
	large := strings.Repeat("x", 256<<10+1)
	wantProblem(t, a.call(nobody, "POST", hooks+"test", large, signed(large)), http.StatusRequestEntityTooLarge, "body_too_large")
	for range 3 {
		a.must(http.StatusOK, nobody, "POST", hooks+"test", body, signed(body), "Content-Type: text/plain")
	}
	if got := a.must(http.StatusOK, ada, "GET", path, "").Body; !strings.Contains(got, `"status":"pending"`) {
		t.Errorf("acted upon before it was acknowledged: %s", got)
	}
	if _, err := a.service.ProcessWebhooks(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := a.must(http.StatusOK, ada, "GET", path, "").Body; !strings.Contains(got, `"status":"succeeded"`) {
		t.Errorf("not acted upon: %s", got)
	}
}

package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/rest"
	"app/modules/catalog/internal/service"
	"app/modules/catalog/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
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
	start    = time.Date(2025, 3, 1, 12, 0, 0, 123456000, time.UTC)
	merchant = ids.Derive("mrc", start, "merchant")
	foreign  = ids.Derive("mrc", start, "foreign")
	pending  = ids.Derive("mrc", start, "pending")
	nowhere  = ids.Derive("mrc", start, "nowhere")
	missing  = ids.Derive("prd", start, "missing")
)

// The users, each named for what it is to the merchant.
const (
	nobody  = ""
	owner   = "usr_owner"
	manager = "usr_manager"
	viewer  = "usr_viewer"
	// unproven is a manager, and a viewer until there is a second factor.
	unproven = "usr_unproven"
	// stranger is a manager of another merchant.
	stranger = "usr_stranger"
)

// roles answers for merchants.
type roles map[[2]string]merchantsv1.Role

func (r roles) Roles(_ context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{
			Role: r[[2]string{id, req.GetUserId()}], Approved: id != pending, SecondFactorNeeded: req.GetUserId() == unproven,
		})
	}
	return out, nil
}

// api is catalog's API on a database of its own.
type api struct {
	testing.TB
	http.Handler
	service *service.Service
}

func newAPI(t testing.TB) api {
	t.Helper()
	db := dbtest.Open(t, database.Named("events", events.Migrations), database.Named("http", idempotency.Migrations), store.Migrations())
	now := start
	svc := service.New(service.Options{
		DB: db, Logger: slog.New(slog.DiscardHandler), HoldTTL: time.Hour,
		Now: func() time.Time { now = now.Add(time.Second); return now },
		Members: roles{
			{merchant, owner}: merchantsv1.Role_ROLE_OWNER, {merchant, manager}: merchantsv1.Role_ROLE_MANAGER,
			{merchant, viewer}: merchantsv1.Role_ROLE_VIEWER, {merchant, unproven}: merchantsv1.Role_ROLE_VIEWER,
			{foreign, stranger}: merchantsv1.Role_ROLE_MANAGER,
			{pending, manager}:  merchantsv1.Role_ROLE_MANAGER,
		},
	})
	a := operation.NewAPI("catalog", operation.Options{})
	rest.Register(a, func() *service.Service { return svc })
	a.UseKeys(idempotency.New(db, idempotency.Options{}))
	return api{t, a.Handler(), svc}
}

// reply is an answer of the API.
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
		r = r.WithContext(identity.NewContext(r.Context(), identity.Principal{UserID: user, Method: identity.Bearer}))
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

func read[T any](t testing.TB, r reply) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), &out); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return out
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
	p := read[problem](t, r)
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Pointer)
	}
	if r.Status != status || p.Status != status || p.Code != code || !cmp.Equal(pointers, got) {
		t.Errorf("got %d %s, want %d %s %v", r.Status, r.Body, status, code, pointers)
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("content type is %s", kind)
	}
}

// draft is the body of a new product; values replace or remove ("") its fields.
func draft(values ...string) string {
	fields := map[string]string{
		"merchant_id": `"` + merchant + `"`, "title": `"Chair"`, "description": `"To sit on."`, "sku": `"CH-1"`,
		"price": `{"amount":1990,"currency":"EUR"}`, "stock": "7",
	}
	for i := 0; i < len(values); i += 2 {
		fields[values[i]] = values[i+1]
	}
	var out []string
	for name, value := range fields {
		if value != "" {
			out = append(out, fmt.Sprintf("%q:%s", name, value))
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

func (a api) product(values ...string) rest.Product {
	a.Helper()
	return read[rest.Product](a, a.must(201, manager, "POST", "/v1/products", draft(values...)))
}

func (a api) hold(product string, quantity int64) {
	a.Helper()
	_, err := a.service.Reserve(a.Context(), &catalogv1.ReserveRequest{OrderId: ids.New("ord", start), Lines: []*catalogv1.ReserveLine{
		{ProductId: product, Quantity: quantity, ExpectedPrice: &moneyv1.Money{Amount: 1990, Currency: "EUR"}},
	}})
	if err != nil {
		a.Fatal(err)
	}
}

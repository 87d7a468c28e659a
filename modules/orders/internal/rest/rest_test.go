package rest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/rest"
	"app/modules/orders/internal/service"
	"app/modules/orders/migrations"
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
	chair     = ids.Derive("prd", start, "chair") // of merchant A, 19.90 EUR
	table     = ids.Derive("prd", start, "table") // of merchant B, 50.00 EUR
	rug       = ids.Derive("prd", start, "rug")   // of merchant B, in dollars
)

// The users, each named for what it is.
const (
	nobody  = ""
	ada     = "usr_ada"     // a buyer
	memberA = "usr_memberA" // of merchant A
	memberB = "usr_memberB" // of merchant B
)

// neighbours are catalog, payments and merchants.
type neighbours struct{ goods map[string]*catalogv1.Product }

func (n neighbours) Products(_ context.Context, r *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
	out := &catalogv1.ProductsResponse{}
	for _, id := range r.GetProductIds() {
		if p, ok := n.goods[id]; ok {
			out.Products = append(out.Products, p)
		}
	}
	return out, nil
}

func (n neighbours) Reserve(_ context.Context, r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	out := &catalogv1.ReserveResponse{ExpiresAt: timestamppb.New(start.Add(30 * time.Minute))}
	for _, l := range r.GetLines() {
		out.Products = append(out.Products, n.goods[l.GetProductId()])
	}
	return out, nil
}

func (neighbours) Release(context.Context, *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error) {
	return &catalogv1.ReleaseResponse{}, nil
}

func (neighbours) Start(_ context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
	return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_PENDING}, nil
}

func (neighbours) Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error) {
	return &paymentsv1.MethodsResponse{Methods: []string{"test_ok"}}, nil
}

func (neighbours) Roles(_ context.Context, r *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	roles := map[string]merchantsv1.Role{merchantA + memberA: merchantsv1.Role_ROLE_VIEWER, merchantB + memberB: merchantsv1.Role_ROLE_MANAGER}
	for _, id := range r.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{Role: roles[id+r.GetUserId()]})
	}
	return out, nil
}

// api is the orders API on a database of its own.
type api struct {
	testing.TB
	http.Handler
}

func newAPI(t testing.TB) api {
	t.Helper()
	db := dbtest.Open(t, events.Migrations, idempotency.Migrations, migrations.Files)
	product := func(id, merchant, currency string, cents int64) *catalogv1.Product {
		return &catalogv1.Product{Id: id, MerchantId: merchant, Title: "Thing", Sku: "sku-1", Price: &moneyv1.Money{Amount: cents, Currency: currency}}
	}
	n := neighbours{map[string]*catalogv1.Product{
		chair: product(chair, merchantA, "EUR", 1990), table: product(table, merchantB, "EUR", 5000), rug: product(rug, merchantB, "USD", 100),
	}}
	now := start
	svc, err := service.New(context.Background(), service.Needs{
		DB: db, Catalog: n, Payments: n, Merchants: n, Logger: slog.New(slog.DiscardHandler),
		Now:     func() time.Time { now = now.Add(time.Millisecond); return now },
		Options: service.Options{StartGrace: time.Second, ExpiryMargin: time.Minute, FreshHold: time.Minute, Currency: "EUR"},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := operation.NewAPI("orders", operation.Options{})
	rest.Register(a, func() *service.Service { return svc })
	a.UseKeys(idempotency.New(db, idempotency.Options{}))
	return api{t, a.Handler()}
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
		r = r.WithContext(identity.NewContext(r.Context(), identity.Principal{UserID: user, Method: identity.Bearer, Admin: user == "usr_root"}))
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
	Status    int    `json:"status"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
	Errors    []struct {
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
	if r.Status != status || p.Status != status || p.Code != code || !slices.Equal(pointers, got) || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want %d %s %v", r.Status, r.Body, status, code, pointers)
	}
}

type id struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// cart makes a cart of the user with one unit of each product. token is "Cart-Token:
// ..." for guests.
func (a api) cart(user string, products ...string) (path, token string) {
	a.Helper()
	made := read[id](a, a.must(http.StatusCreated, user, "POST", "/v1/carts", ""))
	path, token = "/v1/carts/"+made.ID, "Cart-Token: "+made.Token
	for _, p := range products {
		a.must(http.StatusOK, user, "PUT", path+"/lines/"+p, `{"quantity":1}`, token)
	}
	return path, token
}

const pay = `{"email":"ada@example.com","payment_method":"test_ok"}`

// order places an order of the user.
func (a api) order(user string, products ...string) (path, token string) {
	a.Helper()
	cart, token := a.cart(user, products...)
	made := read[id](a, a.must(http.StatusCreated, user, "POST", cart+"/checkout", pay, token, "Idempotency-Key: of-"+cart))
	return "/v1/orders/" + made.ID, token
}

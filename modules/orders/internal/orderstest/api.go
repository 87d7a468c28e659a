package orderstest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/order"
	"app/platform/idempotency"
	"app/platform/ids"
	"app/platform/money/moneyv1"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// The products of an API.
var (
	founded = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	Chair   = ids.Derive("prd", founded, "chair") // of merchant A, 19.90 EUR
	Table   = ids.Derive("prd", founded, "table") // of merchant B, 50.00 EUR
	Rug     = ids.Derive("prd", founded, "rug")   // of merchant B, in dollars
)

// The users of an API, each named for what it is.
const (
	Nobody  = ""
	Ada     = "usr_ada"     // a buyer
	MemberA = "usr_memberA" // of merchant A, a viewer
	MemberB = "usr_memberB" // of merchant B, a manager
	Root    = operationtest.Root
)

// Lease is how long a request may stand still before a repetition takes its place.
const Lease = time.Hour

// API is the public API of orders on a database of its own.
type API struct {
	operationtest.API

	// Shop is what the API is of.
	Shop *Shop
}

// NewAPI is the API of a shop on SQLite, which sells Chair, Table and Rug. Its clock
// goes on by a millisecond whenever it is looked at.
func NewAPI(t testing.TB) API {
	t.Helper()
	s := New(t)
	s.Clock.step = time.Millisecond
	for id, p := range map[string]*catalogv1.Product{
		Chair: {MerchantId: MerchantA, Price: &moneyv1.Money{Amount: 1990, Currency: "EUR"}},
		Table: {MerchantId: MerchantB, Price: &moneyv1.Money{Amount: 5000, Currency: "EUR"}},
		Rug:   {MerchantId: MerchantB, Price: &moneyv1.Money{Amount: 100, Currency: "USD"}},
	} {
		p.Id, p.Title, p.Sku = id, "Thing", "sku-1"
		s.Catalog.Goods[id] = p
	}
	s.Merchants.Held[MerchantA+"/"+MemberA] = merchantsv1.Role_ROLE_VIEWER
	s.Merchants.Held[MerchantB+"/"+MemberB] = merchantsv1.Role_ROLE_MANAGER
	api := operation.NewAPI("orders", operation.Options{Now: s.Clock.Now})
	cart.Register(api, &cart.Handlers{Carts: s.Carts})
	order.Register(api, &order.Handlers{Orders: s.Orders})
	checkout.Register(api, &checkout.Handlers{Checkouts: s.Checkouts})
	api.UseKeys(idempotency.New(s.DB, idempotency.Options{Now: s.Clock.Now, Lease: Lease}))
	return API{operationtest.New(t, api), s}
}

// maskBody replaces what differs from run to run.
func maskBody(body string) string {
	body = regexp.MustCompile(`"(crt|ord|pay)_[0-9a-z]{26}"`).ReplaceAllString(body, `"$1"`)
	body = regexp.MustCompile(`"token":"[^"]{43}"`).ReplaceAllString(body, `"token":"secret"`)
	return strings.TrimSpace(regexp.MustCompile(`"2026-03-01T10:[^"]*Z"`).ReplaceAllString(body, `"time"`))
}

// WantBody compares the body of a reply with JSON in which CHAIR, TABLE, MRC_A and MRC_B
// stand for ids, what differs from run to run for itself, and line breaks for nothing.
func WantBody(t *testing.T, r operationtest.Reply, want string) {
	t.Helper()
	want = regexp.MustCompile(`\n\s*`).ReplaceAllString(want, "")
	want = strings.NewReplacer("CHAIR", Chair, "TABLE", Table, "MRC_A", MerchantA, "MRC_B", MerchantB).Replace(want)
	if diff := cmp.Diff(want, maskBody(r.Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// Made is what there is to know of something just made.
type Made struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// Cart makes a cart of the user with one unit of each product. token is "Cart-Token:
// ..." for guests.
func (a API) Cart(user string, products ...string) (path, token string) {
	a.Helper()
	made := operationtest.Read[Made](a, a.Must(http.StatusCreated, user, "POST", "/v1/carts", ""))
	path, token = "/v1/carts/"+made.ID, "Cart-Token: "+made.Token
	for _, p := range products {
		a.Must(http.StatusOK, user, "PUT", path+"/lines/"+p, `{"quantity":1}`, token)
	}
	return path, token
}

// Payment is the body of a checkout.
const Payment = `{"email":"ada@example.com","payment_method":"test_ok"}`

// Order places an order of the user.
func (a API) Order(user string, products ...string) (path, token string) {
	a.Helper()
	path, token = a.Cart(user, products...)
	made := operationtest.Read[Made](a, a.Must(http.StatusCreated, user, "POST", path+"/checkout", Payment, token, "Idempotency-Key: of-"+path))
	return "/v1/orders/" + made.ID, token
}

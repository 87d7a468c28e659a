package catalogtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"app/modules/catalog/internal/attribute"
	"app/modules/catalog/internal/category"
	"app/modules/catalog/internal/collection"
	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database/dbtest"
	"app/platform/idempotency"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// The merchants and products that an API knows and does not know.
var (
	Foreign = ids.Derive("mrc", Start, "foreign")
	Pending = ids.Derive("mrc", Start, "pending")
	Nowhere = ids.Derive("mrc", Start, "nowhere")
	Missing = ids.Derive("prd", Start, "missing")
)

// The users of an API, each named for what it is to Merchant.
const (
	Nobody = ""
	Owner  = "usr_owner"
	Viewer = "usr_viewer"
	// Unproven is a manager, and a viewer until there is a second factor.
	Unproven = "usr_unproven"
	// Stranger is a manager of Foreign.
	Stranger = "usr_stranger"
)

// roles answers for merchants.
type roles map[[2]string]merchantsv1.Role

func (r roles) Roles(_ context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{
			Role: r[[2]string{id, req.GetUserId()}], Approved: id != Pending, SecondFactorNeeded: req.GetUserId() == Unproven,
		})
	}
	return out, nil
}

// API is catalog's API on a database of its own, and a clock that goes on by a second
// whenever it is asked.
type API struct {
	operationtest.API

	shop *Shop
}

// OpenAPI makes an API.
func OpenAPI(t testing.TB) API {
	t.Helper()
	s := &Shop{DB: dbtest.Open(t, Migrations()...), T: t}
	now := Start.Add(123456 * time.Microsecond)
	s.assemble(roles{
		{Merchant, Owner}: merchantsv1.Role_ROLE_OWNER, {Merchant, Manager}: merchantsv1.Role_ROLE_MANAGER,
		{Merchant, Viewer}: merchantsv1.Role_ROLE_VIEWER, {Merchant, Unproven}: merchantsv1.Role_ROLE_VIEWER,
		{Foreign, Stranger}: merchantsv1.Role_ROLE_MANAGER,
		{Pending, Manager}:  merchantsv1.Role_ROLE_MANAGER,
	}, func() time.Time { now = now.Add(time.Second); return now })
	a := operation.NewAPI("catalog", operation.Options{})
	products, levels, tree := product.NewHandlers(s.Products), stock.NewHandlers(s.Stock), category.NewHandlers(s.Tree)
	product.Register(a, &products)
	stock.Register(a, &levels)
	category.Register(a, &tree)
	picked, facts := collection.NewHandlers(s.Picked), attribute.NewHandlers(s.Facts)
	collection.Register(a, &picked)
	prices := price.NewHandlers(s.Prices)
	price.Register(a, &prices)
	attribute.Register(a, &facts)
	a.Problems(reason.All()...)
	a.UseKeys(idempotency.New(s.DB, idempotency.Options{}))
	return API{operationtest.New(t, a), s}
}

// Draft is the body of a new product; values replace or remove ("") its fields.
func Draft(values ...string) string {
	fields := map[string]string{
		"merchant_id": `"` + Merchant + `"`, "title": `"Chair"`, "description": `"To sit on."`, "sku": `"CH-1"`,
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

// Create lists a product of Draft.
func (a API) Create(values ...string) product.Body {
	a.Helper()
	return operationtest.Read[product.Body](a, a.Must(201, Manager, "POST", "/v1/products", Draft(values...)))
}

// Hold holds units of a product.
func (a API) Hold(productID string, quantity int64) {
	a.Helper()
	a.shop.MustReserve(NewOrder(Line(productID, quantity)))
}

package service_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/service"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fakeCatalog sells what was added to it, and remembers holds as catalog does. A func
// field takes the place of a method.
type fakeCatalog struct {
	productsFn func(*catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error)
	reserveFn  func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error)
	releaseFn  func(*catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error)

	mu       sync.Mutex
	now      func() time.Time
	goods    map[string]*catalogv1.Product
	holds    map[string]time.Time // by order
	released []string
	reserves int
	reads    int
}

func newCatalog(now func() time.Time) *fakeCatalog {
	return &fakeCatalog{now: now, goods: map[string]*catalogv1.Product{}, holds: map[string]time.Time{}}
}

// add offers one more product of a merchant, in euro cents.
func (c *fakeCatalog) add(merchant string, cents int64) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := ids.New("prd", c.now())
	c.goods[id] = &catalogv1.Product{
		Id: id, MerchantId: merchant, Title: "Chair", Sku: "sku-" + id[len(id)-4:], Price: &moneyv1.Money{Amount: cents, Currency: "EUR"}, Available: 10,
	}
	return id
}

func (c *fakeCatalog) reprice(id string, price *moneyv1.Money) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goods[id].Price = price
}

func (c *fakeCatalog) Products(_ context.Context, r *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
	if c.productsFn != nil {
		return c.productsFn(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	out := &catalogv1.ProductsResponse{}
	for _, id := range r.GetProductIds() {
		if p, ok := c.goods[id]; ok {
			out.Products = append(out.Products, proto.CloneOf(p))
		}
	}
	return out, nil
}

func (c *fakeCatalog) Reserve(_ context.Context, r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	if c.reserveFn != nil {
		return c.reserveFn(r)
	}
	return c.reserve(r)
}

func (c *fakeCatalog) reserve(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reserves++
	if slices.Contains(c.released, r.GetOrderId()) {
		return nil, refusal("Reserve", "hold_released")
	}
	if _, ok := c.holds[r.GetOrderId()]; !ok {
		c.holds[r.GetOrderId()] = c.now().Add(holdTTL)
	}
	out := &catalogv1.ReserveResponse{ExpiresAt: timestamppb.New(c.holds[r.GetOrderId()])}
	change := &catalogv1.PriceChange{}
	for _, l := range r.GetLines() {
		p := c.goods[l.GetProductId()]
		if !proto.Equal(p.GetPrice(), l.GetExpectedPrice()) {
			change.Lines = append(change.Lines, &catalogv1.NewPrice{ProductId: p.GetId(), Expected: l.GetExpectedPrice(), Current: p.GetPrice()})
		}
		out.Products = append(out.Products, proto.CloneOf(p))
	}
	if len(change.Lines) > 0 {
		delete(c.holds, r.GetOrderId())
		return nil, refusal("Reserve", "price_changed", change)
	}
	return out, nil
}

func (c *fakeCatalog) Release(_ context.Context, r *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error) {
	if c.releaseFn != nil {
		return c.releaseFn(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.released = append(c.released, r.GetOrderId())
	return &catalogv1.ReleaseResponse{}, nil
}

func (c *fakeCatalog) wasReleased(orderID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.released, orderID)
}

// refusal is what a caller sees of catalog's verdict.
func refusal(method, reason string, details ...proto.Message) error {
	return &fault.CallError{Module: "catalog", Method: method, Code: fault.FailedPrecondition, Reason: reason, Details: details}
}

// fakePayments takes every payment as pending unless startFn says otherwise, and
// remembers who asked.
type fakePayments struct {
	startFn func(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error)

	mu      sync.Mutex
	started []*paymentsv1.StartRequest
	asked   int
}

func (p *fakePayments) Start(ctx context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
	p.mu.Lock()
	p.started = append(p.started, proto.CloneOf(r))
	p.mu.Unlock()
	if p.startFn != nil {
		return p.startFn(ctx, r)
	}
	return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_PENDING}, nil
}

func (p *fakePayments) Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return &paymentsv1.MethodsResponse{Methods: []string{"test_declined", "test_ok"}}, nil
}

func (p *fakePayments) starts() []*paymentsv1.StartRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.started)
}

func down(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
	return nil, &fault.CallError{Module: "payments", Method: "Start", Code: fault.Unavailable, Reason: "module_down"}
}

// fakeMerchants knows the roles it was given, by "merchant/user".
type fakeMerchants struct {
	roles map[string]merchantsv1.Role
	asked int
}

func (m *fakeMerchants) Roles(_ context.Context, r *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	m.asked++
	out := &merchantsv1.RolesResponse{}
	for _, id := range r.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{
			Role: m.roles[id+"/"+r.GetUserId()], Approved: true, SecondFactorNeeded: r.GetUserId() == "usr_unproven",
		})
	}
	return out, nil
}

func user(id string) service.Visitor {
	return service.Visitor{Principal: identity.Principal{UserID: id, Method: identity.Bearer}}
}

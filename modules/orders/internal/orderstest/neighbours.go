package orderstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/caller"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// Clock is set by hand.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration // by which it goes on whenever it is looked at
}

// Now is the time that was set.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.step)
	return c.now
}

// Advance sets the clock forward, or back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Catalog sells what was added to it, and remembers holds as catalog does. A func
// field takes the place of a method.
type Catalog struct {
	ProductsFn func(*catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error)
	ReserveFn  func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error)
	ReleaseFn  func(*catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error)

	mu       sync.Mutex
	now      func() time.Time
	Goods    map[string]*catalogv1.Product
	Holds    map[string]time.Time // by order
	Released []string
	Reserves int // calls of Reserve
	Reads    int // calls of Products
}

func newCatalog(now func() time.Time) *Catalog {
	return &Catalog{now: now, Goods: map[string]*catalogv1.Product{}, Holds: map[string]time.Time{}}
}

// Add offers one more product of a merchant, in euro cents.
func (c *Catalog) Add(merchant string, cents int64) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := ids.New("prd", c.now())
	c.Goods[id] = &catalogv1.Product{
		Id: id, MerchantId: merchant, Title: "Chair", Sku: "sku-" + id[len(id)-4:], Price: &moneyv1.Money{Amount: cents, Currency: "EUR"}, Available: 10,
	}
	return id
}

// Reprice sets the price of a product.
func (c *Catalog) Reprice(id string, price *moneyv1.Money) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Goods[id].Price = price
}

// Products is catalog's.
func (c *Catalog) Products(_ context.Context, r *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
	if c.ProductsFn != nil {
		return c.ProductsFn(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Reads++
	out := &catalogv1.ProductsResponse{}
	for _, id := range r.GetProductIds() {
		if p, ok := c.Goods[id]; ok {
			out.Products = append(out.Products, proto.CloneOf(p))
		}
	}
	return out, nil
}

// Reserve is catalog's.
func (c *Catalog) Reserve(_ context.Context, r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	if c.ReserveFn != nil {
		return c.ReserveFn(r)
	}
	return c.Hold(r)
}

// Hold is what Reserve does without ReserveFn.
func (c *Catalog) Hold(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Reserves++
	if slices.Contains(c.Released, r.GetOrderId()) {
		return nil, Refusal("Reserve", "hold_released")
	}
	if _, held := c.Holds[r.GetReplacesOrderId()]; held {
		c.Released = append(c.Released, r.GetReplacesOrderId())
	}
	if _, ok := c.Holds[r.GetOrderId()]; !ok {
		c.Holds[r.GetOrderId()] = c.now().Add(HoldTTL)
	}
	out := &catalogv1.ReserveResponse{ExpiresAt: timestamppb.New(c.Holds[r.GetOrderId()])}
	change := &catalogv1.PriceChange{}
	for _, l := range r.GetLines() {
		p := c.Goods[l.GetProductId()]
		if !proto.Equal(p.GetPrice(), l.GetExpectedPrice()) {
			change.Lines = append(change.Lines, &catalogv1.NewPrice{ProductId: p.GetId(), Expected: l.GetExpectedPrice(), Current: p.GetPrice()})
		}
		out.Products = append(out.Products, proto.CloneOf(p))
	}
	if len(change.Lines) > 0 {
		delete(c.Holds, r.GetOrderId())
		return nil, Refusal("Reserve", "price_changed", change)
	}
	return out, nil
}

// Release is catalog's.
func (c *Catalog) Release(_ context.Context, r *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error) {
	if c.ReleaseFn != nil {
		return c.ReleaseFn(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Released = append(c.Released, r.GetOrderId())
	return &catalogv1.ReleaseResponse{}, nil
}

// WasReleased reports whether the hold of an order was given back.
func (c *Catalog) WasReleased(orderID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.Released, orderID)
}

// Refusal is what a caller sees of a refusal of catalog.
func Refusal(method, reason string, details ...proto.Message) error {
	return &fault.CallError{Module: "catalog", Method: method, Code: fault.FailedPrecondition, Reason: reason, Details: details}
}

// Payments takes every payment as pending unless StartFn says otherwise, and
// remembers who asked.
type Payments struct {
	StartFn func(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error)

	mu      sync.Mutex
	started []*paymentsv1.StartRequest
	Asked   int // calls of Methods
}

// Start is payments'.
func (p *Payments) Start(ctx context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
	p.mu.Lock()
	p.started = append(p.started, proto.CloneOf(r))
	p.mu.Unlock()
	if p.StartFn != nil {
		return p.StartFn(ctx, r)
	}
	return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_PENDING}, nil
}

// Methods is payments'.
func (p *Payments) Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Asked++
	return &paymentsv1.MethodsResponse{Methods: []string{"test_declined", "test_ok"}}, nil
}

// Starts are the calls of Start.
func (p *Payments) Starts() []*paymentsv1.StartRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.started)
}

// Down is a StartFn while payments cannot be reached.
func Down(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
	return nil, &fault.CallError{Module: "payments", Method: "Start", Code: fault.Unavailable, Reason: "module_down"}
}

// Merchants knows the roles it was given.
type Merchants struct {
	Held  map[string]merchantsv1.Role // by "merchant/user"
	Asked int                         // calls of Roles
}

// Roles is merchants'.
func (m *Merchants) Roles(_ context.Context, r *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	m.Asked++
	out := &merchantsv1.RolesResponse{}
	for _, id := range r.GetMerchantIds() {
		out.Members = append(out.Members, &merchantsv1.MemberResponse{
			Role: m.Held[id+"/"+r.GetUserId()], Approved: true, SecondFactorNeeded: r.GetUserId() == "usr_unproven",
		})
	}
	return out, nil
}

// User is a caller who is signed in.
func User(id string) caller.Caller {
	return caller.Caller{Principal: identity.Principal{UserID: id, Method: identity.Bearer}}
}

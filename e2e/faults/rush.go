package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"app/e2e/harness/shop"
)

const (
	// patience is how long a buyer repeats a request: longer than all faults together.
	patience = 2 * time.Minute
	// answerTime is how long a client waits for an answer until it sends the request
	// again.
	answerTime = 8 * time.Second
)

// rush is the load: buyers who check out, and the merchants' back office.
type rush struct {
	plan   *Plan
	world  *world
	record *record
	client *shop.Client // anonymous, and patient

	owners    []*shop.Client // signed in, by merchant
	merchants []string
	products  []string

	done, refused atomic.Int64
	office        chan job

	mu       sync.Mutex
	failures []error
	bought   []purchase
}

// purchase is a checkout that got its answer.
type purchase struct {
	visit Visit
	guest *shop.Client
	cart  string
	order shop.Order // its id is empty when there was too little stock
}

func newRush(plan *Plan, w *world, r *record) *rush {
	return &rush{
		plan: plan, world: w, record: r, office: make(chan job, 4*len(plan.Visits)),
		client: &shop.Client{Base: "http://" + w.gateway, HTTP: &http.Client{Transport: r, Timeout: answerTime}, Patience: patience},
	}
}

// prepare opens the merchants and lists the products.
func (r *rush) prepare(ctx context.Context) error {
	for i := range Merchants {
		owner, err := r.client.SignUp(ctx, fmt.Sprintf("owner%d@example.com", i))
		if err != nil {
			return err
		}
		merchant, err := owner.OpenMerchant(ctx, fmt.Sprintf("Merchant %d", i))
		if err != nil {
			return err
		}
		r.owners, r.merchants = append(r.owners, owner), append(r.merchants, merchant)
	}
	for _, p := range r.plan.Products {
		price := shop.Money{Amount: p.Price, Currency: "EUR"}
		product, err := r.owners[p.Merchant].List(ctx, r.merchants[p.Merchant], p.SKU, price, p.Stock)
		if err != nil {
			return err
		}
		r.products = append(r.products, product.ID)
	}
	return nil
}

// run lets the buyers loose and returns when all checkouts are done.
func (r *rush) run(ctx context.Context) {
	var all sync.WaitGroup
	var next atomic.Int64
	for range Buyers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(len(r.plan.Visits)) && ctx.Err() == nil; n = next.Add(1) {
				r.fail(fmt.Sprintf("checkout %d", n-1), r.visit(ctx, r.plan.Visits[n-1]))
				r.errands(int(n - 1))
				r.done.Add(1)
			}
		})
	}
	all.Wait()
}

// fail notes an error, if there is one.
func (r *rush) fail(what string, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Errorf("%s: %w", what, err))
}

func (r *rush) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.failures...)
}

func (r *rush) purchases() []purchase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]purchase(nil), r.bought...)
}

// visit buys as a guest. Running out of stock is a fair answer.
func (r *rush) visit(ctx context.Context, v Visit) error {
	guest, cart, err := r.client.NewCart(ctx, r.plan.Key("cart", v.N))
	if err != nil {
		return err
	}
	for _, l := range v.Lines {
		if err := guest.Put(ctx, cart.ID, r.products[l.Product], int64(l.Quantity)); err != nil {
			return err
		}
	}
	p := purchase{visit: v, guest: guest, cart: cart.ID}
	if p.order, err = r.checkout(ctx, p, v.AtOnce); err != nil {
		return err
	}
	r.mu.Lock()
	r.bought = append(r.bought, p)
	r.mu.Unlock()
	if p.order.ID == "" {
		r.refused.Add(1)
		return nil
	}
	if v.Again {
		if err := r.again(ctx, p); err != nil {
			return err
		}
	}
	if v.Cancel {
		if err := r.cancel(ctx, p); err != nil {
			return err
		}
	}
	r.follow(p)
	return nil
}

// checkout sends the checkout so often at the same time and returns the order, an empty
// one for lack of stock. All have to get the same answer.
func (r *rush) checkout(ctx context.Context, p purchase, atOnce int) (shop.Order, error) {
	orders, errs := make([]shop.Order, atOnce), make([]error, atOnce)
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			orders[i], errs[i] = p.guest.Checkout(ctx, p.cart, guestAddress(p.visit.N), p.visit.Method, r.plan.Key("checkout", p.visit.N))
			if isProblem(errs[i], "stock_short") {
				errs[i] = nil
			}
		})
	}
	all.Wait()
	for i := range atOnce {
		if errs[i] == nil && orders[i].ID != orders[0].ID {
			errs[i] = fmt.Errorf("one key was answered with %q and %q", orders[0].ID, orders[i].ID)
		}
	}
	return orders[0], errors.Join(errs...)
}

// again repeats a checkout that was answered: it must be answered the same.
func (r *rush) again(ctx context.Context, p purchase) error {
	order, err := r.checkout(ctx, p, 1)
	if err == nil && order.ID != p.order.ID {
		err = fmt.Errorf("a repeated checkout was answered with %q instead of %q", order.ID, p.order.ID)
	}
	return err
}

// cancel cancels the order, which may have been cancelled for want of money before.
func (r *rush) cancel(ctx context.Context, p purchase) error {
	err := p.guest.Call(ctx, http.StatusOK, http.MethodPost, "/v1/orders/"+p.order.ID+"/cancel", struct{}{}, nil, shop.Key(r.plan.Key("cancel", p.visit.N)))
	if shop.StatusOf(err) == http.StatusConflict {
		return nil
	}
	return err
}

func guestAddress(n int) string { return fmt.Sprintf("guest%d@example.com", n) }

func isProblem(err error, code string) bool {
	var refusal *shop.Error
	return errors.As(err, &refusal) && refusal.Problem().Code == code
}

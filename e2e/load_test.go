package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
)

// shoppers is how many buyers a load has at a time.
const shoppers = 4

// load is a shop in use: buyers who browse, fill carts, check out and look at their
// orders until they are told to stop. They repeat what they are told to repeat, and
// mind everything else.
type load struct {
	name    string
	client  *shop.Client
	product string
	watch   *watch

	done chan struct{}
	all  sync.WaitGroup
	sold atomic.Int64

	mu           sync.Mutex
	acknowledged []invariants.Acknowledged
	failures     []error
}

// startLoad lets buyers in, who buy the product until stop; it must be in stock for all
// of them.
func startLoad(t *testing.T, s *shop.Shop, name, product string) *load {
	t.Helper()
	w := &watch{seen: map[int]int{}}
	client := *s.Client
	client.HTTP, client.Patience = &http.Client{Transport: w}, time.Minute
	l := &load{name: name, client: &client, product: product, watch: w, done: make(chan struct{})}
	for buyer := range shoppers {
		l.all.Go(func() {
			for n := 0; !closed(l.done); n++ {
				if err := l.shop(t.Context(), fmt.Sprintf("%s-load-%d-%06d", name, buyer, n)); err != nil {
					l.mu.Lock()
					l.failures = append(l.failures, err)
					l.mu.Unlock()
					return
				}
				l.sold.Add(1)
			}
		})
	}
	t.Cleanup(func() { l.end() })
	return l
}

// shop is one visit.
func (l *load) shop(ctx context.Context, key string) error {
	if err := l.client.Call(ctx, http.StatusOK, http.MethodGet, "/v1/products/"+l.product, nil, nil); err != nil {
		return err
	}
	guest, cart, err := l.client.NewCart(ctx, "cart-for-"+key)
	if err != nil {
		return err
	}
	if err := guest.Put(ctx, cart.ID, l.product, 1); err != nil {
		return err
	}
	order, err := guest.Checkout(ctx, cart.ID, l.name+"-load@example.com", "test_ok", key)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.acknowledged = append(l.acknowledged, invariants.Acknowledged{OrderID: order.ID, Key: key})
	l.mu.Unlock()
	_, err = guest.Order(ctx, order.ID)
	return err
}

// goesOn waits until every buyer may have bought something since.
func (l *load) goesOn(t *testing.T) {
	t.Helper()
	until := l.sold.Load() + 2*shoppers
	within(t, time.Minute, func() error {
		if n := l.sold.Load(); n < until {
			return fmt.Errorf("%s: %d of %d visits; %s", l.name, n, until, l.watch)
		}
		return nil
	})
}

func (l *load) end() {
	if !closed(l.done) {
		close(l.done)
	}
	l.all.Wait()
}

// stop lets nobody in any more, waits until all are out, and tells what the shop
// acknowledged. What went wrong on the way fails the test.
func (l *load) stop(t *testing.T) []invariants.Acknowledged {
	t.Helper()
	l.end()
	if err := errors.Join(l.failures...); err != nil {
		t.Error(err)
	}
	for _, odd := range l.watch.odd {
		t.Error(odd)
	}
	t.Logf("%s: %d visits; %s", l.name, l.sold.Load(), l.watch)
	return l.acknowledged
}

// watch looks at every reply: success, a request whose key is in flight still, or a 503
// that says when to come back.
type watch struct {
	// noGateway tells that the one gateway there is restarts: nobody answers then,
	// where in front of several somebody would find another.
	noGateway atomic.Bool

	mu      sync.Mutex
	seen    map[int]int // replies by status
	nobody  int
	odd     []string
	retries int
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		if r.Context().Err() == nil && !w.noGateway.Load() {
			w.odd = append(w.odd, fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
		}
		w.nobody++
		return nil, err
	}
	w.seen[resp.StatusCode]++
	switch {
	case resp.StatusCode < http.StatusBadRequest, resp.StatusCode == http.StatusConflict:
	case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "" &&
		resp.Header.Get("Content-Type") == "application/problem+json":
		w.retries++
	default:
		w.odd = append(w.odd, fmt.Sprintf("%s %s answered %s, Retry-After %q", r.Method, r.URL.Path, resp.Status, resp.Header.Get("Retry-After")))
	}
	return resp, nil
}

// refusals counts the replies that asked to come back later.
func (w *watch) refusals() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.retries
}

// String lists the replies.
func (w *watch) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("replies by status %v, %d times nobody there", w.seen, w.nobody)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"app/e2e/harness/invariants"
	"app/e2e/harness/load"
	"app/e2e/harness/shop"
)

const (
	buyers   = 8
	products = 1000
	// plenty is more stock than any run sells.
	plenty = 1_000_000_000
)

// market is a running shop with products on sale and buyers who are signed in.
type market struct {
	*server
	products []string  // ids of those that are asked for: all, or a sample of very many
	listings []listing // of the sample
	tokens   []string  // access tokens of the buyers
	data     string
	dbs      invariants.Databases // for reading, to see what has happened
}

// openMarket starts a shop on an empty data folder, on one core only if one is given,
// and fills it over its API.
func (b *bench) openMarket(ctx context.Context, core string) (m *market, err error) {
	data, err := os.MkdirTemp(b.work, "market-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s, err := b.serve(ctx, data, core)
	if err != nil {
		return nil, err
	}
	return openedMarket(ctx, s, data)
}

// openedMarket fills the empty shop that a server serves from a data folder. Both are
// the market's from here on.
func openedMarket(ctx context.Context, s *server, data string) (m *market, err error) {
	m = &market{server: s, data: data}
	if m.dbs, err = invariants.Open(data, nil); err == nil {
		err = m.fill(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// close stops the shop and removes its data.
func (m *market) close() error {
	return errors.Join(m.dbs.Close(), m.Stop(), os.RemoveAll(m.data))
}

// fill signs everybody up and puts the products on sale.
func (m *market) fill(ctx context.Context) error {
	client := &shop.Client{Base: m.url, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	owner, err := client.SignUp(ctx, "owner@shop.example")
	if err != nil {
		return fmt.Errorf("sign the merchant up: %w", err)
	}
	merchant, err := owner.OpenMerchant(ctx, "The Bench")
	if err != nil {
		return fmt.Errorf("open the merchant account: %w", err)
	}
	if err := m.list(ctx, owner, merchant); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	for i := range buyers {
		buyer, err := client.SignUp(ctx, buyer(i))
		if err != nil {
			return fmt.Errorf("sign a buyer up: %w", err)
		}
		m.tokens = append(m.tokens, buyer.Token)
	}
	return nil
}

// list puts the products on sale.
func (m *market) list(ctx context.Context, owner *shop.Client, merchant string) error {
	m.products = make([]string, products)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range m.products {
		group.Go(func() error {
			p, err := owner.List(ctx, merchant, fmt.Sprintf("BENCH-%04d", i), shop.Money{Amount: 1990, Currency: "EUR"}, plenty)
			m.products[i] = p.ID
			return err
		})
	}
	return group.Wait() //nolint:wrapcheck // names the request
}

func buyer(i int) string { return fmt.Sprintf("buyer%d@shop.example", i) }

// productRequests are signed-in reads of every product.
func (m *market) productRequests() [][]byte {
	requests := make([][]byte, len(m.products))
	for i, id := range m.products {
		requests[i] = load.Request(http.MethodGet, "/v1/products/"+id, nil, "Authorization", "Bearer "+m.tokens[i%buyers])
	}
	return requests
}

// cart is a guest's cart.
type cart struct {
	ID    string `json:"id"`
	Token string `json:"token"`
	lines int
}

var createCart = load.Request(http.MethodPost, "/v1/carts", []byte("{}"))

// newCart makes an empty cart.
func newCart(ctx context.Context, c *load.Conn) (made cart, err error) {
	body, err := expect(ctx, c, createCart, http.StatusCreated)
	if err == nil {
		err = json.Unmarshal(body, &made)
	}
	return made, err
}

// add puts one more product into the cart, number n of those on sale.
func (m *market) add(ctx context.Context, c *load.Conn, to *cart, n int) error {
	to.lines++
	path := "/v1/carts/" + to.ID + "/lines/" + m.products[n%len(m.products)]
	_, err := expect(ctx, c, load.Request(http.MethodPut, path, []byte(`{"quantity":1}`), "Cart-Token", to.Token), http.StatusOK)
	return err
}

// checkout orders what is in the cart; the answer comes once the test provider has
// taken the money.
func (k cart) checkout(ctx context.Context, c *load.Conn) (order []byte, err error) {
	request := load.Request(http.MethodPost, "/v1/carts/"+k.ID+"/checkout", []byte(`{"email":"guest@shop.example","payment_method":"test_ok"}`),
		"Cart-Token", k.Token, "Idempotency-Key", k.ID)
	return expect(ctx, c, request, http.StatusCreated)
}

// expect sends a request and makes any status but the wanted one an error.
func expect(ctx context.Context, c *load.Conn, request []byte, want int) ([]byte, error) {
	status, body, err := c.Do(ctx, request)
	if err == nil && status != want {
		line, _, _ := strings.Cut(string(request), "\r\n")
		err = fmt.Errorf("%s answered %d: %s", line, status, body)
	}
	return body, err //nolint:wrapcheck // names what failed
}

// linesPerCart is what the carts of rows 8 and 9 hold.
const linesPerCart = 2

// fillCarts prepares carts of so many lines each for checkout.
func (m *market) fillCarts(ctx context.Context, count, lines int) ([]cart, error) {
	carts := make([]cart, count)
	o := load.Run(ctx, load.Plan{Address: m.address, Callers: 64, Count: count, Work: func(ctx context.Context, c *load.Conn, n int) (err error) {
		if carts[n], err = newCart(ctx, c); err != nil {
			return err
		}
		for line := range lines {
			if err := m.add(ctx, c, &carts[n], lines*n+line); err != nil {
				return err
			}
		}
		return nil
	}})
	if o.Done != count {
		return nil, fmt.Errorf("fill %d carts: %d done: %w", count, o.Done, errors.Join(o.Err, ctx.Err()))
	}
	return carts, nil
}

// settle waits until there are so many orders at least, and every one is paid and has
// its receipt queued.
func (m *market) settle(ctx context.Context, atLeast int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		var made, paid, receipts int
		err := errors.Join(
			m.dbs["emails"].QueryRowContext(ctx, "SELECT COUNT(*) FROM emails_letters WHERE template = 'receipt'").Scan(&receipts),
			m.dbs["orders"].QueryRowContext(ctx, "SELECT COUNT(*), COUNT(CASE WHEN status = 'paid' THEN 1 END) FROM orders_orders").Scan(&made, &paid))
		if err == nil && made >= atLeast && paid == made && receipts == made {
			return nil
		}
		if errors.Join(err, pause(ctx, 50*time.Millisecond)) != nil {
			return fmt.Errorf("of %d orders %d are there, %d paid, %d with a receipt: %w", atLeast, made, paid, receipts, errors.Join(err, ctx.Err()))
		}
	}
}

// verify checks the invariants of a shop at rest: figures of a shop that loses orders
// are worth nothing.
func (m *market) verify(ctx context.Context) error {
	broken, err := invariants.Check(ctx, m.dbs, nil)
	if err == nil && len(broken) > 0 {
		err = fmt.Errorf("%d invariants broken, the first: %s", len(broken), broken[0])
	}
	return err //nolint:wrapcheck // names the invariant
}

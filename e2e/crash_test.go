package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
)

// What the crash run does. SOUK_SEED repeats a run that failed.
const (
	crashes   = 20
	checkouts = 200
	buyers    = 8
)

// seed is the run's: printed, so that what failed can be looked at again.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("SOUK_SEED"), 10, 64); err == nil { //nolint:forbidigo // a test's own switch
		n = given
	}
	t.Logf("SOUK_SEED=%d", n)
	return n
}

// The whole shop is one process, killed twenty times at random moments while eight
// buyers check out two hundred carts with all outcomes of the test provider, over fewer
// units than they want. After each kill it starts again, and whatever request got no
// answer is repeated. In the end every order that was acknowledged is there once and
// everything adds up.
func TestFailure11_SIGKILLDuringCheckouts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(seed(t), 11))
	s := shop.OpenProcess(t, map[string]string{"CATALOG_HOLD_TTL": "5m"})
	rushed(t, s, random, crashes)
}

// Each module's process is killed while eight buyers check out, over databases and a
// broker that live on.
func TestFailure11_SIGKILLOfEachModule(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(seed(t), 12))
	s := shop.Open(t, shop.RabbitMQ, map[string]string{"CATALOG_HOLD_TTL": "5m"})
	rushed(t, s, random, len(s.Parts))
}

// rushed kills the processes in turn while buyers check out.
func rushed(t *testing.T, s *shop.Shop, random *rand.Rand, kills int) {
	t.Helper()
	st := openStand(t, s, "crash", 700, 60)
	rare := must(st.owner.List(t.Context(), st.merchant, "RARE", eur(900), 40))(t)

	s.Patience = time.Minute
	run := &rush{shop: s, products: []string{st.product.ID, rare.ID}}
	finished := run.start(t.Context(), random.Uint64())
	killed := 0
	for killed < kills && !closed(finished) {
		process := s.Parts[killed%len(s.Parts)]
		// Kills are spread over the checkouts: each waits for some progress and then
		// for a random moment.
		target := int64((killed + 1) * checkouts / (kills + 2))
		awaitProgress(run, target, finished)
		waitRandom(random)
		process.Kill(t)
		process.Start(t)
		process.AwaitReady(t)
		killed++
	}
	<-finished
	if err := run.err(); err != nil {
		t.Fatal(err)
	}
	if killed < kills {
		t.Errorf("killed %d times only", killed)
	}
	t.Logf("%d kills, %d orders acknowledged, %d checkouts refused for lack of stock", killed, len(run.acknowledged), run.refused.Load())
	settled(t, s, run.acknowledged...)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// awaitProgress waits until so many checkouts are done, or all.
func awaitProgress(run *rush, target int64, finished <-chan struct{}) {
	for run.done.Load() < target && !closed(finished) {
		<-time.After(time.Millisecond)
	}
}

// waitRandom lets the next checkouts get anywhere.
func waitRandom(random *rand.Rand) { <-time.After(time.Duration(random.IntN(25)) * time.Millisecond) }

// rush is many buyers at once.
type rush struct {
	shop     *shop.Shop
	products []string

	done, refused atomic.Int64

	mu           sync.Mutex
	acknowledged []invariants.Acknowledged
	failures     []error
}

// start lets the buyers loose; the channel closes when all checkouts are done.
func (r *rush) start(ctx context.Context, seed uint64) <-chan struct{} {
	finished := make(chan struct{})
	var all sync.WaitGroup
	var next atomic.Int64
	for buyer := range buyers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(buyer)))
			for n := next.Add(1); n <= checkouts; n = next.Add(1) {
				if err := r.checkout(ctx, random, n); err != nil {
					r.mu.Lock()
					r.failures = append(r.failures, fmt.Errorf("checkout %d: %w", n, err))
					r.mu.Unlock()
				}
				r.done.Add(1)
			}
		})
	}
	go func() {
		all.Wait()
		close(finished)
	}()
	return finished
}

var methods = []string{"test_ok", "test_ok", "test_ok", "test_declined", "test_slow", "test_lost_reply", "test_duplicate"}

// checkout buys one or two products as a guest. Running out of stock is a fair answer.
func (r *rush) checkout(ctx context.Context, random *rand.Rand, n int64) error {
	key := fmt.Sprintf("crash-run-checkout-%06d", n)
	guest, cart, err := r.shop.NewCart(ctx, "cart-for-"+key)
	if err != nil {
		return err
	}
	for i := range 1 + random.IntN(2) {
		if err := guest.Put(ctx, cart.ID, r.products[(int(n)+i)%len(r.products)], 1); err != nil {
			return err
		}
	}
	email := fmt.Sprintf("guest%d@example.com", n)
	order, err := guest.Checkout(ctx, cart.ID, email, methods[random.IntN(len(methods))], key)
	var refusal *shop.Error
	if errors.As(err, &refusal) && refusal.Problem().Code == "stock_short" {
		r.refused.Add(1)
		return nil
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acknowledged = append(r.acknowledged, invariants.Acknowledged{OrderID: order.ID, Key: key})
	return nil
}

func (r *rush) err() error { return errors.Join(r.failures...) }

// The checker itself has to be able to fail: each rule is shown a shop that breaks it.
func TestCheckerFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Local, nil)
	st := openStand(t, s, "checker", 500, 5)
	guest, order := buy(t, s.Client, st.product.ID, 1, "checker@example.com", "test_ok", "checker-order-key")
	must(guest.AwaitOrder(t.Context(), order.ID, "paid"))(t)
	settled(t, s)
	breaks := map[string][2]string{ // rule -> module, statement
		"an acknowledged order exists exactly once":          {},
		"an order is its lines' total":                       {"orders", `UPDATE orders_orders SET total = total + 1`},
		"an order's timeline has one entry for each version": {"orders", `UPDATE orders_orders SET version = version + 1`},
		"no order is paid twice":                             {"orders", `INSERT INTO orders_timeline (order_id, version, at, event, detail) SELECT order_id, 99, at, event, detail FROM orders_timeline WHERE event = 'paid'`},
		"no order is left pending":                           {"orders", `UPDATE orders_orders SET status = 'pending_payment'`},
		"on_hand is what was received and corrected":         {"catalog", `UPDATE catalog_stock SET on_hand = on_hand + 1`},
		"sold is what was sold less what came back":          {"catalog", `UPDATE catalog_stock SET sold = sold + 1`},
		"held is what the open holds hold":                   {"catalog", `UPDATE catalog_stock SET held = held + 1`},
		"a hold is where its order is":                       {"catalog", `UPDATE catalog_holds SET state = 'released'`},
		"the shop's books are the provider's":                {"payments", `UPDATE payments_test_charges SET captured = captured - 1`},
		"captures are paid orders and refunds":               {"payments", `UPDATE payments_payments SET captured = captured - 1`},
		"every event has one effect in each listener":        {"emails", `DELETE FROM events_inbox WHERE consumer = 'emails.receipt'`},
		"nothing waits in an outbox":                         {"orders", `UPDATE events_outbox SET state = 0`},
		"no event is failing or dead":                        {"emails", `UPDATE events_inbox SET state = 2`},
		"every e-mail is in the mailbox once":                {"emails", `DELETE FROM emails_mailbox`},
		"one receipt for each order that was paid":           {"emails", `DELETE FROM emails_letters WHERE template = 'receipt'`},
	}
	for _, name := range slices.Sorted(maps.Keys(breaks)) {
		t.Run(name, func(t *testing.T) { // one after the other: each breaks a copy of the same shop
			dir := copyDatabases(t, s.Dir)
			told := []invariants.Acknowledged{{OrderID: "ord_never", Key: "k"}}
			if b := breaks[name]; b[0] != "" {
				told = nil
				vandalise(t, dir, b[0], b[1])
			}
			dbs, err := invariants.Open(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = dbs.Close() }() // they were only read
			found, err := invariants.Check(t.Context(), dbs, told)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(v invariants.Violation) bool { return v.Rule == name }) {
				t.Errorf("not found; found %v", found)
			}
		})
	}
}

// copyDatabases copies a shop that is at rest.
func copyDatabases(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	for _, module := range invariants.Modules {
		vacuumInto(t, filepath.Join(from, module+".db"), filepath.Join(dir, module+".db"))
	}
	return dir
}

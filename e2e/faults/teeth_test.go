package faults_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"app/e2e/faults"
)

// sabotages are what a run has to notice: a module, a statement over its database, and
// what the run then says.
var sabotages = []struct{ module, statement, want string }{
	{"orders", `UPDATE orders_orders SET id = CONCAT('lost', SUBSTR(id, 5)) WHERE status = 'paid' LIMIT 1`, "the order is there, and its checkout got another answer"},
	{"payments", `INSERT INTO payments_refunds (id, payment_id, merchant_id, amount, reason, state, tries, created_at, updated_at)
		SELECT CONCAT('ref', SUBSTR(id, 4)), id, 'mrc_nobody', 1, 'sabotage', 'done', 1, created_at, created_at FROM payments_payments LIMIT 1`, "the refund is there, and every request for one got another answer"},
	{"payments", `DELETE FROM payments_webhooks WHERE event_id LIKE 'faults-%' LIMIT 1`, "the webhook was acknowledged and is not there"},
	{"catalog", `UPDATE catalog_stock SET on_hand = on_hand - 1 WHERE held + sold < on_hand LIMIT 1`, "units on hand"},
	{"orders", `DELETE FROM orders_carts WHERE state = 'open' LIMIT 1`, "carts of"},
	{"emails", `UPDATE events_inbox SET event_id = 'another' WHERE consumer = 'emails.receipt' LIMIT 1`, "handled but never emitted"},
}

// A run notices what it is there for. What the invariants find on their own is
// TestCheckerFindsWhatIsWrong's.
func sabotageIsNoticed(t *testing.T, servers faults.Servers) {
	w := &witness{TB: t}
	faults.Run(w, servers, faults.Options{Seed: 4, Checkouts: 60, Rest: time.Second, Quiet: true, Dir: t.TempDir(), Sabotage: func(ctx context.Context, dbs map[string]string) error {
		if w.Failed() {
			t.Errorf("without sabotage the run said %s", w.said())
		}
		for _, s := range sabotages {
			if err := sabotage(ctx, dbs[s.module], s.statement); err != nil {
				t.Errorf("%s: %v", s.statement, err)
			}
		}
		return nil
	}})
	for _, s := range sabotages {
		if !strings.Contains(w.said(), s.want) {
			t.Errorf("nobody noticed %s; noticed:\n%s", s.statement, w.said())
		}
	}
}

func sabotage(ctx context.Context, location, statement string) error {
	u, err := url.Parse(location)
	if err != nil {
		return err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User = "tcp", u.Host, strings.TrimPrefix(u.Path, "/"), u.User.Username()
	c.Passwd, _ = u.User.Password()
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	result, err := db.ExecContext(ctx, statement)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("sabotaged %d rows", n) //nolint:err113 // for the log of the test
	}
	return err
}

// witness is a test that takes failures down instead of failing.
type witness struct {
	testing.TB

	mu    sync.Mutex
	lines []string
}

func (w *witness) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}

func (w *witness) Failed() bool { return w.said() != "" }

func (w *witness) Error(args ...any) { w.Errorf("%s", fmt.Sprintln(args...)) }

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

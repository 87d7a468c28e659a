package host_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events/backlog"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
	"app/platform/host"
	"app/platform/internal/demo"
	"app/platform/lifecycle"
)

// A process starts, is ready and does business while the broker is away. A metric
// tells.
func TestReadyWithoutTheBroker(t *testing.T) {
	t.Parallel()
	broker := "amqp://guest:guest@" + nowhere
	o := options(t, demo.All(), "all", map[string]string{"BROKER_URL": broker})
	o.Split = o.Hosted // so that events want to the broker
	h := start(t, o)
	if status, body := call(t, http.MethodGet, h.URL()+"/ready", ""); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, body)
	}
	if status, body := call(t, http.MethodPost, h.URL()+"/v1/sales", `{"account":"acme","amount":7}`); status != http.StatusCreated {
		t.Errorf("sale: %d %s", status, body)
	}
	_, metrics := call(t, http.MethodGet, h.AdminURL()+"/metrics", "")
	for _, line := range []string{"souk_events_broker_publishing 0", `souk_events_broker_consuming{module="bank"} 0`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("%s is not in\n%s", line, metrics)
		}
	}
}

// mover is a shop whose processes are arranged anew while its data stay.
type mover struct {
	t   *testing.T
	dir string
}

func (m mover) options(hosted string, variables map[string]string) host.Options {
	variables["DATA_DIR"], variables["INTERNAL_KEY"] = m.dir, sharedKey
	return options(m.t, demo.All(), hosted, variables)
}

// sell makes n sales of which nobody is told yet.
func (m mover) sell(n int) {
	m.t.Helper()
	for range n {
		bank, shop, door := demo.Modules()
		o := m.options("", map[string]string{})
		o.Modules = []lifecycle.Module{bank, shop, door}
		command := shop.Commands(host.NewTool(o, "shop"))[0]
		command.SetArgs([]string{"--account=acme"})
		command.SetOut(new(strings.Builder))
		if err := command.ExecuteContext(m.t.Context()); err != nil {
			m.t.Fatal(err)
		}
	}
}

// during runs a process until the shop's backlog is as it should be.
func (m mover) during(hosted string, variables map[string]string, until func(backlog.Counts) bool) {
	m.t.Helper()
	h, err := host.New(m.t.Context(), m.options(hosted, variables))
	if err != nil {
		m.t.Fatal(err)
	}
	if err := h.Start(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	eventually(m.t, func() error {
		var b backlog.Counts
		err := m.look("shop", func(db *database.DB) (err error) {
			b, err = backlog.Measure(m.t.Context(), db)
			return err
		})
		if err == nil && !until(b) {
			err = fmt.Errorf("%+v", b)
		}
		return err
	})
	if err := h.Stop(context.Background()); err != nil {
		m.t.Error(err)
	}
}

// owes is when exactly so many deliveries are written down as deferred, and nothing
// else is on its way.
func owes(n int) func(backlog.Counts) bool {
	return func(b backlog.Counts) bool { return b.Deferred == n && b.Unsent == n }
}

func (m mover) look(module string, do func(*database.DB) error) error {
	return host.Databases(m.t.Context(), m.options(module, map[string]string{}), false, func(_ string, db *database.DB) error { return do(db) })
}

// arrived waits until the bank has been told of n sales and nothing waits.
func (m mover) arrived(n int) {
	m.t.Helper()
	eventually(m.t, func() error {
		var amount int
		err := m.look("bank", func(db *database.DB) error {
			return db.Read(m.t.Context(), func(ctx context.Context, q *database.Tx) error {
				return q.QueryRow(ctx, `SELECT amount FROM bank_accounts WHERE id = 'acme'`).Scan(&amount)
			})
		})
		var b backlog.Counts
		err = errors.Join(err, m.look("shop", func(db *database.DB) (err error) {
			b, err = backlog.Measure(m.t.Context(), db)
			return err
		}))
		if err == nil && (amount != n || b.Unsent+b.Deferred > 0) {
			err = fmt.Errorf("the bank knows of %d sales, %+v", amount, b)
		}
		return err
	})
}

// What was deferred for a module directly goes to it by way of the broker once there is
// one.
func TestMoveToABroker(t *testing.T) {
	t.Parallel()
	m := mover{t, t.TempDir()}
	m.sell(3)
	m.during("shop", map[string]string{"BANK_URL": "http://" + nowhere}, owes(3))
	broker := rabbittest.URL(t)
	start(t, m.options("shop", map[string]string{"BANK_URL": "http://" + nowhere, "BROKER_URL": broker}))
	start(t, m.options("bank", map[string]string{"BROKER_URL": broker}))
	m.arrived(3)
}

// What was deferred for a broker goes the direct way once there is none, and what the
// broker had already is not lost when everything moves back into one process.
func TestMoveFromABroker(t *testing.T) {
	t.Parallel()
	m := mover{t, t.TempDir()}
	broker := rabbittest.URL(t)
	m.sell(2)
	m.during("shop", map[string]string{"BANK_URL": "http://" + nowhere, "BROKER_URL": broker}, owes(0))
	m.sell(3)
	m.during("shop", map[string]string{"BANK_URL": "http://" + nowhere, "BROKER_URL": "amqp://" + nowhere}, owes(3))
	start(t, m.options("all", map[string]string{"BROKER_URL": broker})) // consumes its own queue
	m.arrived(5)
}

func TestMoveFromABrokerToNone(t *testing.T) {
	t.Parallel()
	m := mover{t, t.TempDir()}
	m.sell(3)
	m.during("shop", map[string]string{"BANK_URL": "http://" + nowhere, "BROKER_URL": "amqp://" + nowhere}, owes(3))
	bank := m.options("bank", map[string]string{})
	bank.Listener = listener(t)
	start(t, bank)
	start(t, m.options("shop", map[string]string{"BANK_URL": urlOf(bank.Listener)}))
	m.arrived(3)
}

func TestPlanWithABroker(t *testing.T) {
	t.Parallel()
	broker := rabbittest.URL(t)
	plan, err := host.Examine(options(t, demo.All(), "shop", map[string]string{"BANK_URL": "http://bank", "INTERNAL_KEY": sharedKey, "BROKER_URL": broker}))
	if err != nil || len(plan.Missing) > 0 || strings.Contains(plan.Broker, ":guest@") || !strings.HasPrefix(plan.Broker, "amqp://guest@127.0.0.1:") {
		t.Fatalf("%v, %+v", err, plan)
	}
	found, err := plan.AskBroker(t.Context())
	const none = "not there yet: made at the start"
	want := []rabbit.Finding{
		{Kind: "exchange", Name: "souk.dead", State: none},
		{Kind: "queue", Name: "souk.dead", State: none},
		{Kind: "exchange", Name: "souk.shop", State: none},
		{Kind: "queue", Name: "souk.bank", State: none},
		{Kind: "exchange", Name: "souk.bank.hears.shop.Sold", State: none},
	}
	if diff := cmp.Diff(want, found); err != nil || diff != "" {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	// With a broker, who subscribes need not be reached; who is called must be.
	plan, err = host.Examine(options(t, demo.All(), "shop", map[string]string{"INTERNAL_KEY": sharedKey, "BROKER_URL": broker}))
	if diff := cmp.Diff([]string{"BANK_URL is not set: bank is not hosted here and shop calls it"}, plan.Missing); err != nil || diff != "" {
		t.Errorf("%v, missing: -want +got\n%s", err, diff)
	}
}

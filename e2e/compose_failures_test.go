//go:build compose

package e2e_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
)

// A killed container keeps nobody from buying; what waited for it is done when it is
// back, once.
func oneContainerDown(t *testing.T, s *shop.Shop) {
	st := openStand(t, s, "containers", 700, 20)
	var acknowledged []invariants.Acknowledged
	for service, meanwhile := range map[string]string{"emails": "paid", "payments": "pending_payment", "rabbitmq": "pending_payment"} {
		compose(t, "kill", service)
		email, key := service+"-down@example.com", "order-while-down-"+service
		guest, order := buy(t, s.Client, st.product.ID, 1, email, "test_ok", key)
		if order, err := guest.AwaitOrder(t.Context(), order.ID, meanwhile); err != nil {
			t.Errorf("without %s: %v, payment %s", service, err, order.Payment.Status)
		}
		startAgain(t, service)
		if _, err := guest.AwaitOrder(t.Context(), order.ID, "paid"); err != nil {
			t.Errorf("after %s is back: %v", service, err)
		}
		must(s.AwaitLetter(t.Context(), email, regexp.MustCompile("Receipt for order "+order.ID)))(t)
		acknowledged = append(acknowledged, invariants.Acknowledged{OrderID: order.ID, Key: key})
	}
	settled(t, s, acknowledged...)
	for _, told := range acknowledged {
		email := strings.TrimPrefix(told.Key, "order-while-down-") + "-down@example.com"
		if letters := must(s.Letters(t.Context(), email))(t); len(letters) != 1 {
			t.Errorf("%d e-mails to %s", len(letters), email)
		}
	}
}

// startAgain starts a container and waits until it is healthy, which a broker on a busy
// machine is after a minute or later.
func startAgain(t *testing.T, service string) {
	t.Helper()
	compose(t, "up", "-d", "--no-build", "--no-deps", "--no-recreate", "--wait", "--wait-timeout", "240", service)
}

// While a module is away its part of the shop says so at once, and when it is ready
// again it is used within two seconds.
func moduleComesBack(t *testing.T, s *shop.Shop) {
	st := openStand(t, s, "comeback", 700, 20)
	compose(t, "kill", "catalog")
	unavailable(t, s.Client, http.MethodGet, "/v1/products/"+st.product.ID)
	if err := st.owner.Call(t.Context(), http.StatusOK, http.MethodGet, "/v1/users/me", nil, nil); err != nil {
		t.Errorf("users suffers: %v", err)
	}
	compose(t, "start", "catalog")
	within(t, 30*time.Second, func() error {
		reply, err := (&shop.Client{Base: "http://" + compose(t, "port", "catalog", "8080")}).Do(t.Context(), http.MethodGet, "/ready", nil)
		if err == nil && reply.Status != http.StatusOK {
			err = errors.New(string(reply.Body))
		}
		return err
	})
	within(t, 2*time.Second, func() error {
		return s.Call(t.Context(), http.StatusOK, http.MethodGet, "/v1/products/"+st.product.ID, nil, nil)
	})
}

// Without its database the shop asks its buyers to come back, and when the database is
// back it goes on where it was.
func databaseKilled(t *testing.T, s *shop.Shop) {
	withoutDatabase(t, s, "killed", []string{"kill", "mysql"}, []string{"start", "mysql"})
}

func databasePaused(t *testing.T, s *shop.Shop) {
	withoutDatabase(t, s, "paused", []string{"pause", "mysql"}, []string{"unpause", "mysql"})
}

func withoutDatabase(t *testing.T, s *shop.Shop, name string, leave, comeBack []string) {
	t.Helper()
	st := openStand(t, s, name, 700, 100_000)
	l := startLoad(t, s, name, st.product.ID)
	l.goesOn(t)
	compose(t, leave...)
	before := l.watch.refusals()
	within(t, time.Minute, func() error { // each buyer is told, more than once
		if l.watch.refusals() < before+2*shoppers {
			return errors.New(l.watch.String())
		}
		return nil
	})
	compose(t, comeBack...)
	l.goesOn(t)
	for _, path := range []string{"/v1/users/me", "/v1/merchants/" + st.merchant} { // what buyers do not need, too
		within(t, 30*time.Second, func() error {
			return st.owner.Call(t.Context(), http.StatusOK, http.MethodGet, path, nil, nil)
		})
	}
	settled(t, s, l.stop(t)...)
}

package service_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/modules/emails/migrations"
	"app/modules/payments/paymentsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
)

// written counts the e-mails to an address, by template.
func written(t *testing.T, s *service.Service, to string) map[string]int {
	t.Helper()
	found, err := s.List(context.Background(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, l := range found {
		if l.Recipient == to {
			out[l.Template]++
		}
	}
	return out
}

// crowd runs n at a time until all are done.
func crowd(all, n int, work func(i int)) {
	var workers sync.WaitGroup
	var next atomic.Int64
	for range n {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < all; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	workers.Wait()
}

const victim = "victim@bank.example"

// Guests order as victim@bank.example at price 0, sixteen at once and through two
// processes: three quarters of the budget is written, the rest is counted and not told
// to anybody, and codes still have their quarter.
func TestFault06_OneBudgetForEachRecipient(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		replicas := []*service.Service{newService(t, db, c, &courier{}), newService(t, db, c, &courier{})}
		for _, s := range replicas {
			s.Limits.Recipient = 20
		}
		crowd(40, 16, func(i int) { paid(t, replicas[i%2], fmt.Sprint("ord_", i), "mrc_1", "", victim) })
		s := replicas[0]
		if got := written(t, s, victim); got["receipt"] != 15 {
			t.Errorf("%d receipts were written, want 15", got["receipt"])
		}
		withheld, err := s.Withheld(context.Background(), 10)
		want := []store.Withheld{{Recipient: victim, Template: "receipt", Reason: "budget", Letters: 25, LastAt: c.Now()}}
		if diff := cmp.Diff(want, withheld); err != nil || diff != "" {
			t.Errorf("withheld: %v (-want +got)\n%s", err, diff)
		}
		crowd(10, 4, func(i int) {
			handle(t, s, func(ctx context.Context, tx *database.Tx) error {
				return s.CodeIssued(ctx, tx, event(fmt.Sprint("evt_code_", i), c, &usersevents.CodeIssued{
					Email: victim, Code: "042137", Purpose: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS,
				}))
			})
		})
		if got := written(t, s, victim); got["verify_address"] != 5 {
			t.Errorf("%d codes were written, want 5", got["verify_address"])
		}
		c.Advance(24*time.Hour + time.Minute) // the budget is whole again
		paid(t, s, "ord_later", "mrc_1", "", victim)
		if got := written(t, s, victim); got["receipt"] != 16 {
			t.Errorf("a day later %d receipts, want 16", got["receipt"])
		}
	}, migrations.Files)
}

// Whatever kind of e-mail it is that strangers have written, it is of the same budget;
// and spelling the address differently makes no new one.
func TestFault06_EveryKindIsCounted(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newService(t, dbtest.Open(t, migrations.Files), c, &courier{})
	s.Limits.Recipient = 8
	spellings := []string{"v.ictim@gmail.com", "victim+1@gmail.com", "VICTIM@googlemail.com", "victim@Gmail.com"}
	for i := range 30 {
		to := spellings[i%len(spellings)]
		id := fmt.Sprint("evt_", i)
		handle(t, s, func(ctx context.Context, tx *database.Tx) error {
			switch i % 4 {
			case 0:
				return s.NoAccount(ctx, tx, event(id, c, &usersevents.NoAccount{Email: to}))
			case 1:
				return s.AlreadyRegistered(ctx, tx, event(id, c, &usersevents.AlreadyRegistered{UserId: "usr_1", Email: to}))
			case 2:
				return s.Refunded(ctx, tx, event(id, c, &paymentsevents.Refunded{Email: to, OrderId: "ord_1", Amount: eur(1)}))
			}
			return s.CodeIssued(ctx, tx, event(id, c, &usersevents.CodeIssued{Email: to, Code: "1", Purpose: usersevents.Purpose_PURPOSE_CHANGE_ADDRESS}))
		})
		cancelled(t, s, id, "", to, true)
		paid(t, s, id, "mrc_1", "", to)
	}
	all, err := s.List(context.Background(), store.Filter{Limit: 1000})
	if err != nil || len(all) != 8 {
		t.Errorf("%d letters were written, want 8, %v", len(all), err)
	}
}

// Somebody whose card is declined again and again has no e-mail written to an address
// that may be anybody's.
func TestFault06_NoLetterForAnUnpaidOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newService(t, db, newClock(), &courier{})
		registered(t, s, "usr_victim", victim)
		registered(t, s, "usr_eve", "eve@example.com")
		for i := range 5 {
			cancelled(t, s, fmt.Sprint("ord_guest", i), "", victim, false)
			cancelled(t, s, fmt.Sprint("ord_eve", i), "usr_eve", victim, false) // signed in, and at somebody else's address
		}
		cancelled(t, s, "ord_own", "usr_victim", "Victim@BANK.example", false)
		if diff := cmp.Diff(map[string]int{"welcome": 1}, written(t, s, victim)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if got := written(t, s, "Victim@bank.example"); got["order_cancelled"] != 1 {
			t.Errorf("of an order of their own they hear %v", got)
		}
	}, migrations.Files)
}

// Strangers have used up the budget of a customer's address. Whoever is signed in and
// orders for their own address has every e-mail all the same, also after the address
// was changed, and so has whoever asks for a code to get into the account.
func TestFault06_CustomersAreNotLockedOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		s := newService(t, db, c, &courier{})
		s.Limits.Recipient = 4
		registered(t, s, "usr_ada", "old@example.com")
		c.Advance(time.Second)
		handle(t, s, func(ctx context.Context, tx *database.Tx) error {
			return s.EmailChanged(ctx, tx, event("evt_changed", c, &usersevents.EmailChanged{UserId: "usr_ada", OldEmail: "old@example.com", Email: "ada@example.com"}))
		})
		for i := range 10 {
			paid(t, s, fmt.Sprint("ord_stranger", i), "mrc_1", "", "ada@example.com")
		}
		for i := range 10 {
			paid(t, s, fmt.Sprint("ord_own", i), "mrc_1", "usr_ada", "ada@example.com")
			handle(t, s, func(ctx context.Context, tx *database.Tx) error {
				return s.Refunded(ctx, tx, event(fmt.Sprint("evt_refund", i), c, &paymentsevents.Refunded{Email: "ada@example.com", OrderId: fmt.Sprint("ord_own", i), Amount: eur(1)}))
			})
		}
		handle(t, s, func(ctx context.Context, tx *database.Tx) error {
			return s.CodeIssued(ctx, tx, event("evt_code", c, &usersevents.CodeIssued{Email: "ada@example.com", Code: "1", Purpose: usersevents.Purpose_PURPOSE_SIGN_IN}))
		})
		want := map[string]int{"receipt": 3 + 10, "refund_issued": 10, "sign_in_code": 1}
		if diff := cmp.Diff(want, written(t, s, "ada@example.com")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}, migrations.Files)
}

// A clock that goes back neither locks an address out nor gives it a new budget for the
// few minutes by which clocks differ.
func TestFault06_BudgetAndTheClock(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newService(t, dbtest.Open(t, migrations.Files), c, &courier{})
	s.Limits.Recipient = 4
	buy := func(n int) int {
		for range n {
			paid(t, s, fmt.Sprint("ord_", len(written(t, s, victim)), "_", time.Now().UnixNano()), "mrc_1", "", victim)
		}
		return written(t, s, victim)["receipt"]
	}
	if got := buy(6); got != 3 {
		t.Fatalf("%d receipts, want 3", got)
	}
	if c.Advance(-time.Minute); buy(3) != 3 {
		t.Error("a clock that is a minute behind has a budget of its own")
	}
	if c.Advance(-48 * time.Hour); buy(6) != 6 {
		t.Errorf("two days back there are %d receipts, want 3 more", written(t, s, victim)["receipt"])
	}
}

// What is old is swept: merchants no longer write about the order then.
func TestFault06_Forget(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, c := context.Background(), newClock()
		s := newService(t, db, c, &courier{})
		s.Limits.Recipient = 1
		for i := range 2 {
			paid(t, s, fmt.Sprint("ord_", i), "mrc_1", "", victim)
		}
		count := func() (rows [3]int) {
			err := db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
				for i, table := range []string{"emails_budgets", "emails_customers", "emails_withheld"} {
					if err := q.QueryRow(ctx, `SELECT COUNT(*) FROM `+table).Scan(&rows[i]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		for _, step := range []struct {
			wait time.Duration
			want [3]int
		}{{0, [3]int{1, 2, 1}}, {25 * time.Hour, [3]int{0, 2, 1}}, {30 * 24 * time.Hour, [3]int{0, 2, 0}}, {60 * 24 * time.Hour, [3]int{}}} {
			c.Advance(step.wait)
			if err := s.Forget(ctx, 90*24*time.Hour); err != nil || count() != step.want {
				t.Errorf("%s later there are %v rows, want %v, %v", step.wait, count(), step.want, err)
			}
		}
	}, migrations.Files)
}

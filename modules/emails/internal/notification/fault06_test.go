package notification_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/withheld"
	"app/modules/payments/paymentsevents"
	"app/modules/users/usersevents"
	"app/platform/database"
)

const victim = "victim@bank.example"

// Guests order as victim@bank.example at price 0, sixteen at once and through two
// processes: three quarters of the budget is written, the rest is counted and not told
// to anybody, and codes still have their quarter.
func TestFault06_OneBudgetForEachRecipient(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		replicas := []emailstest.Subjects{o.Subjects, o.Twin()}
		for _, r := range replicas {
			r.Emails.RecipientRate = 20
		}
		emailstest.Crowd(40, 16, func(i int) {
			o.Paid(replicas[i%2].Notifications, emailstest.Order(fmt.Sprint("ord_", i), "mrc_1", "", victim))
		})
		if got := o.Written(victim); got["receipt"] != 15 {
			t.Errorf("%d receipts were written, want 15", got["receipt"])
		}
		found, err := o.Withheld.List(context.Background(), 10)
		want := []withheld.Withheld{{Recipient: victim, Template: "receipt", Reason: "budget", Emails: 25, LastAt: o.Clock.Now()}}
		if diff := cmp.Diff(want, found); err != nil || diff != "" {
			t.Errorf("withheld: %v (-want +got)\n%s", err, diff)
		}
		emailstest.Crowd(10, 4, func(i int) {
			o.Deliver(func(ctx context.Context, tx *database.Tx) error {
				return o.Notifications.CodeIssued(ctx, tx, emailstest.Happened(o.Clock, fmt.Sprint("evt_code_", i), &usersevents.CodeIssued{
					Email: victim, Code: "042137", Purpose: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS,
				}))
			})
		})
		if got := o.Written(victim); got["verify_address"] != 5 {
			t.Errorf("%d codes were written, want 5", got["verify_address"])
		}
		o.Clock.Advance(24*time.Hour + time.Minute) // the budget is whole again
		o.Paid(o.Notifications, emailstest.Order("ord_later", "mrc_1", "", victim))
		if got := o.Written(victim); got["receipt"] != 16 {
			t.Errorf("a day later %d receipts, want 16", got["receipt"])
		}
	})
}

// Whatever kind of e-mail it is that strangers have written, it is of the same budget;
// and spelling the address differently makes no new one.
func TestFault06_EveryKindIsCounted(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Emails.RecipientRate = 8
	spellings := []string{"v.ictim@gmail.com", "victim+1@gmail.com", "VICTIM@googlemail.com", "victim@Gmail.com"}
	for i := range 30 {
		to := spellings[i%len(spellings)]
		id := fmt.Sprint("evt_", i)
		o.Deliver(func(ctx context.Context, tx *database.Tx) error {
			switch i % 4 {
			case 0:
				return o.Notifications.NoAccount(ctx, tx, emailstest.Happened(o.Clock, id, &usersevents.NoAccount{Email: to}))
			case 1:
				return o.Notifications.AlreadyRegistered(ctx, tx, emailstest.Happened(o.Clock, id, &usersevents.AlreadyRegistered{UserId: "usr_1", Email: to}))
			case 2:
				return o.Notifications.Refunded(ctx, tx, emailstest.Happened(o.Clock, id, &paymentsevents.Refunded{Email: to, OrderId: "ord_1", Amount: emailstest.EUR(1)}))
			}
			return o.Notifications.CodeIssued(ctx, tx, emailstest.Happened(o.Clock, id, &usersevents.CodeIssued{Email: to, Code: "1", Purpose: usersevents.Purpose_PURPOSE_CHANGE_ADDRESS}))
		})
		o.Cancelled(emailstest.Order(id, "mrc_1", "", to), true)
		o.Paid(o.Notifications, emailstest.Order(id, "mrc_1", "", to))
	}
	if all := o.All(); len(all) != 8 {
		t.Errorf("%d e-mails were written, want 8", len(all))
	}
}

// Somebody whose card is declined again and again has no e-mail written to an address
// that may be anybody's.
func TestFault06_NoLetterForAnUnpaidOrder(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		o.Registered("usr_victim", victim)
		o.Registered("usr_eve", "eve@example.com")
		for i := range 5 {
			o.Cancelled(emailstest.Order(fmt.Sprint("ord_guest", i), "mrc_1", "", victim), false)
			o.Cancelled(emailstest.Order(fmt.Sprint("ord_eve", i), "mrc_1", "usr_eve", victim), false) // signed in, and at somebody else's address
		}
		o.Cancelled(emailstest.Order("ord_own", "mrc_1", "usr_victim", "Victim@BANK.example"), false)
		if diff := cmp.Diff(map[string]int{"welcome": 1}, o.Written(victim)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if got := o.Written("Victim@bank.example"); got["order_cancelled"] != 1 {
			t.Errorf("of an order of their own they learn by %v", got)
		}
	})
}

// Strangers have used up the budget of a customer's address. Whoever is signed in and
// orders for their own address has every e-mail all the same, also after the address
// was changed, and so has whoever asks for a code to get into the account.
func TestFault06_CustomersAreNotLockedOut(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		o.Emails.RecipientRate = 4
		o.Registered("usr_ada", "old@example.com")
		o.Clock.Advance(time.Second)
		o.Deliver(func(ctx context.Context, tx *database.Tx) error {
			return o.Notifications.EmailChanged(ctx, tx, emailstest.Happened(o.Clock, "evt_changed", &usersevents.EmailChanged{UserId: "usr_ada", OldEmail: "old@example.com", Email: "ada@example.com"}))
		})
		for i := range 10 {
			o.Paid(o.Notifications, emailstest.Order(fmt.Sprint("ord_stranger", i), "mrc_1", "", "ada@example.com"))
		}
		for i := range 10 {
			o.Paid(o.Notifications, emailstest.Order(fmt.Sprint("ord_own", i), "mrc_1", "usr_ada", "ada@example.com"))
			o.Deliver(func(ctx context.Context, tx *database.Tx) error {
				return o.Notifications.Refunded(ctx, tx, emailstest.Happened(o.Clock, fmt.Sprint("evt_refund", i), &paymentsevents.Refunded{Email: "ada@example.com", OrderId: fmt.Sprint("ord_own", i), Amount: emailstest.EUR(1)}))
			})
		}
		o.Deliver(func(ctx context.Context, tx *database.Tx) error {
			return o.Notifications.CodeIssued(ctx, tx, emailstest.Happened(o.Clock, "evt_code", &usersevents.CodeIssued{Email: "ada@example.com", Code: "1", Purpose: usersevents.Purpose_PURPOSE_SIGN_IN}))
		})
		want := map[string]int{"receipt": 3 + 10, "refund_issued": 10, "sign_in_code": 1}
		if diff := cmp.Diff(want, o.Written("ada@example.com")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// A clock that goes back neither locks an address out nor gives it a new budget for the
// few minutes by which clocks differ.
func TestFault06_BudgetAndTheClock(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Emails.RecipientRate = 4
	buy := func(n int) int {
		for range n {
			o.Paid(o.Notifications, emailstest.Order(fmt.Sprint("ord_", len(o.Written(victim)), "_", time.Now().UnixNano()), "mrc_1", "", victim))
		}
		return o.Written(victim)["receipt"]
	}
	if got := buy(6); got != 3 {
		t.Fatalf("%d receipts, want 3", got)
	}
	if o.Clock.Advance(-time.Minute); buy(3) != 3 {
		t.Error("a clock that is a minute behind has a budget of its own")
	}
	if o.Clock.Advance(-48 * time.Hour); buy(6) != 6 {
		t.Errorf("two days back there are %d receipts, want 3 more", o.Written(victim)["receipt"])
	}
}

// What is old is swept: merchants no longer write about the order then.
func TestFault06_Forget(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		ctx := context.Background()
		o.Emails.RecipientRate = 1
		for i := range 2 {
			o.Paid(o.Notifications, emailstest.Order(fmt.Sprint("ord_", i), "mrc_1", "", victim))
		}
		count := func() (rows [3]int) {
			err := o.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
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
			o.Clock.Advance(step.wait)
			if err := o.Notifications.Forget(ctx, 90*24*time.Hour); err != nil || count() != step.want {
				t.Errorf("%s later there are %v rows, want %v, %v", step.wait, count(), step.want, err)
			}
		}
	})
}

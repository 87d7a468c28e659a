package request_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/request"
	"app/platform/callctx"
	"app/platform/fault"
)

func shipment(id, merchant, order string) request.Request {
	return request.Request{ID: id, MerchantID: merchant, OrderID: order, Template: "order_shipped", Data: map[string]any{"carrier": "Post", "tracking": "1"}}
}

// The name in a merchant's e-mail is the merchant's, and the e-mail goes to the buyer
// of the order, in the buyer's language.
func TestFault01_TheMerchantsOwnName(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Paid(o.Notifications, emailstest.Order("ord_1", "mrc_1", "", "ada@example.com"))
	l, err := o.Requests.Write(context.Background(), shipment("ltr_1", "mrc_1", "ord_1"))
	if err != nil || l.Recipient != "ada@example.com" || !strings.HasPrefix(l.Text, "Lamps has handed your order ord_1 to Post.") {
		t.Errorf("%+v, %v", l, err)
	}
	again, err := o.Requests.Write(context.Background(), shipment("ltr_1", "mrc_1", "ord_1"))
	if err != nil || again.ID != l.ID {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	if _, err := o.Requests.Write(context.Background(), shipment("ltr_2", "mrc_none", "ord_1")); fault.From(err).Reason != "merchant_not_approved" {
		t.Errorf("a merchant that is not there: %v", err)
	}
}

// The limits hold with sixteen requests at once, through two processes.
func TestFault01_LimitsHoldAtOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		recipient int
		limits    budget.Limits
		merchants []string
		reason    string
		want      int64
	}{
		"Merchant":  {1000, budget.Limits{Merchant: 10, Owner: 1000, Network: 1000}, []string{"mrc_1"}, "merchant_rate", 10},
		"Owner":     {1000, budget.Limits{Merchant: 1000, Owner: 10, Network: 1000}, []string{"mrc_a", "mrc_b"}, "merchant_rate", 10},
		"Network":   {1000, budget.Limits{Merchant: 1000, Owner: 1000, Network: 10}, []string{"mrc_1", "mrc_2"}, "merchant_rate", 10},
		"Recipient": {22, budget.Limits{Merchant: 1000, Owner: 1000, Network: 1000}, []string{"mrc_1", "mrc_2"}, "recipient_rate", 11},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
				replicas := []emailstest.Subjects{o.Subjects, o.Twin()}
				for _, r := range replicas {
					r.Emails.RecipientRate, r.Requests.Limits = tc.recipient, tc.limits
				}
				for _, m := range tc.merchants {
					o.Paid(o.Notifications, emailstest.Order("ord_"+m, m, "usr_ada", "ada@example.com")) // a receipt is of the same budget
				}
				ctx := callctx.WithClient(context.Background(), callctx.Client{Network: "203.0.113.0/24"})
				var taken atomic.Int64
				emailstest.Crowd(30, 16, func(i int) {
					m := tc.merchants[i%len(tc.merchants)]
					_, err := replicas[i%2].Requests.Write(ctx, shipment(fmt.Sprint("ltr_", i), m, "ord_"+m))
					switch {
					case err == nil:
						taken.Add(1)
					case fault.ReasonOf(err) != tc.reason || fault.From(err).RetryAfter <= 0:
						t.Errorf("e-mail %d: %v", i, err)
					}
				})
				receipts := int64(len(tc.merchants))
				if name != "Recipient" {
					receipts = 0
				}
				if got := taken.Load() + receipts; got != tc.want {
					t.Errorf("%d e-mails were taken, want %d", got, tc.want)
				}
			})
		})
	}
}

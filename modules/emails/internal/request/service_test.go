package request_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/request"
	"app/platform/fault"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	for name, tc := range map[string]struct {
		request  request.Request
		pointers []string
	}{
		"ErrTemplate": {request.Request{ID: "ltr_a", Template: "no", To: "ada@example.com"}, []string{"/template"}},
		"ErrAddressAndVariables": {
			request.Request{ID: "ltr_b", Template: "verify_address", To: "x", Data: map[string]any{"first_name": ""}},
			[]string{"/to", "/data/code", "/data/minutes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := o.Requests.Write(context.Background(), tc.request)
			var got []string
			for _, f := range fault.From(err).Fields {
				got = append(got, f.Pointer)
			}
			if diff := cmp.Diff(tc.pointers, got); diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
	t.Run("TwiceIsOnce", func(t *testing.T) {
		t.Parallel()
		r := request.Request{ID: "ltr_c", Template: "welcome", To: "ada@example.com", Data: map[string]any{"first_name": "Ada"}}
		for range 2 {
			if _, err := o.Requests.Write(context.Background(), r); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Whoever waits for a code is served first, and merchants' e-mails last.
func TestPriorities(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Emails.Workers = 1
	var order []string
	o.Courier.Answer = func(e email.Email) error {
		order = append(order, e.Template)
		return nil
	}
	o.Paid(o.Notifications, emailstest.Order("ord_1", "mer_1", "", "a@example.com"))
	o.SendDue()
	order = nil // without the receipt
	write := func(id, merchant, template string, data map[string]any) {
		r := request.Request{ID: id, MerchantID: merchant, Template: template, To: "a@example.com", Data: data}
		if merchant != "" {
			r.To, r.OrderID = "", "ord_1"
		}
		if _, err := o.Requests.Write(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		o.Clock.Advance(time.Second)
	}
	write("ltr_1", "mer_1", "order_shipped", map[string]any{"carrier": "c", "tracking": "t"})
	write("ltr_2", "", "welcome", map[string]any{"first_name": "Ada"})
	write("ltr_3", "", "sign_in_code", map[string]any{"first_name": "Ada", "code": "1", "minutes": 10})
	o.SendDue()
	if fmt.Sprint(order) != "[sign_in_code welcome order_shipped]" {
		t.Errorf("sent in the order %v", order)
	}
}

func TestMerchantsLetters(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), emailstest.New(t)
	for _, m := range []string{"mer_1", "mer_2"} {
		o.Paid(o.Notifications, emailstest.Order("ord_"+m, m, "", "a@example.com"))
	}
	write := func(merchant, template string, n int) error {
		_, err := o.Requests.Write(ctx, request.Request{
			ID: fmt.Sprint("ltr_", merchant, template, n), MerchantID: merchant, Template: template, OrderID: "ord_" + merchant,
			Data: map[string]any{"first_name": "Ada", "carrier": "c", "tracking": "t", "topic": "t", "message": "m"},
		})
		return err
	}
	for _, template := range []string{"welcome", "sign_in_code", "merchant_message"} { // the last one is not configured here
		if err := write("mer_1", template, 0); fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("%s by a merchant: %v", template, err)
		}
	}
	for n := range 3 {
		if err := write("mer_1", "order_shipped", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := write("mer_1", "order_shipped", 3); fault.ReasonOf(err) != "merchant_rate" {
		t.Errorf("one more than the limit: %v", err)
	}
	if err := write("mer_2", "order_shipped", 0); err != nil {
		t.Errorf("another merchant: %v", err)
	}
	o.Clock.Advance(61 * time.Minute)
	if err := write("mer_1", "order_shipped", 4); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	if _, err := request.NewService(request.Options{Emails: o.Emails, MerchantTemplates: []string{"sign_in_code"}}); err == nil {
		t.Error("merchants could be let send the shop's own codes")
	}
}

// Links lead to the shop and nowhere else.
func TestFailure27_LinksOfWrittenLetters(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Requests.PublicURL = "https://shop.example"
	for link, fits := range map[string]bool{
		"https://shop.example/codes?a=1": true, "": true, "https://shop.example.evil.example/": false, "https://evil.example/": false, "http://shop.example/": false,
	} {
		_, err := o.Requests.Write(context.Background(), request.Request{
			ID: "ltr_" + link, Template: "sign_in_code", To: "a@example.com", Data: map[string]any{"first_name": "", "code": "1", "minutes": 1, "link": link},
		})
		if (err == nil) != fits {
			t.Errorf("link %q: %v", link, err)
		}
	}
}

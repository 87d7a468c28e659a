package checkout_test

import (
	"context"
	"strings"
	"testing"

	"app/modules/orders/internal/orderstest"
	"app/platform/fault"
)

// Checkout takes the addresses that e-mails reach, and refuses others where the buyer
// can mend them.
func TestFault20_CheckoutTakesWhatLettersReach(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	product := s.Catalog.Add(orderstest.MerchantA, 1990)
	for _, email := range []string{
		"ada@localhost", "ada@[127.0.0.1]", "jürgen@example.com", strings.Repeat("a", 65) + "@example.com", "ada@example.invalid", "ada@127.0.0.1",
		"ada@exa_mple.com", "ada@-example.com", `"ada"@example.com`, "ada@example", "ada@example.com.", "a@b@example.com",
	} {
		cartID, v := s.GuestCart(product)
		in := orderstest.Request(cartID, "k-"+email)
		in.Email = email
		_, err := s.Checkouts.Place(context.Background(), v, in)
		if fields := orderstest.WantReason(t, err, fault.InvalidArgument, "validation_failed"); len(fields) != 1 || fields[0].Pointer != "/email" {
			t.Errorf("%q: %v", email, err)
		}
	}
	for email, kept := range map[string]string{
		"Ada@Example.com": "Ada@Example.com", " ada@example.com ": "ada@example.com", "ada@bu\u0308cher.example": "ada@bücher.example", //nolint:gocritic // a pasted one
	} {
		cartID, v := s.GuestCart(product)
		in := orderstest.Request(cartID, "k-"+email)
		in.Email = email
		if o, err := s.Checkouts.Place(context.Background(), v, in); err != nil || o.Email != kept {
			t.Errorf("%q: the order is for %q, %v", email, o.Email, err)
		}
	}
}

package service_test

import (
	"context"
	"strings"
	"testing"

	"app/platform/fault"
)

// Checkout takes the addresses that e-mails reach, and refuses others where the buyer
// can mend them.
func TestFault20_CheckoutTakesWhatLettersReach(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	product := s.catalog.add(merchantA, 1990)
	for _, email := range []string{
		"ada@localhost", "ada@[127.0.0.1]", "jürgen@example.com", strings.Repeat("a", 65) + "@example.com", "ada@example.invalid", "ada@127.0.0.1",
		"ada@exa_mple.com", "ada@-example.com", `"ada"@example.com`, "ada@example", "ada@example.com.", "a@b@example.com",
	} {
		cart, v := s.guestCart(product)
		in := checkout(cart, "k-"+email)
		in.Email = email
		_, err := s.Checkout(context.Background(), v, in)
		if fields := wantReason(t, err, fault.InvalidArgument, "validation_failed"); len(fields) != 1 || fields[0].Pointer != "/email" {
			t.Errorf("%q: %v", email, err)
		}
	}
	for email, kept := range map[string]string{
		"Ada@Example.com": "Ada@Example.com", " ada@example.com ": "ada@example.com", "ada@bu\u0308cher.example": "ada@bücher.example", //nolint:gocritic // a pasted one
	} {
		cart, v := s.guestCart(product)
		in := checkout(cart, "k-"+email)
		in.Email = email
		if o, err := s.Checkout(context.Background(), v, in); err != nil || o.Email != kept {
			t.Errorf("%q: the order is for %q, %v", email, o.Email, err)
		}
	}
}

package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"app/e2e/harness/shop"
)

// browserOf sends the headers that a browser sends with everything.
type browserOf struct{ agent, accepts string }

// RoundTrip implements http.RoundTripper.
func (b browserOf) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", b.agent)
	r.Header.Set("Accept-Language", b.accepts)
	return http.DefaultTransport.RoundTrip(r)
}

// with is a client that is a browser.
func (b browserOf) with(c *shop.Client) *shop.Client {
	other := *c
	other.HTTP = &http.Client{Transport: b}
	return &other
}

// Letters are in the language of whom they are to, and a sign-in with another browser
// is told to the account's owner, wherever the modules are.
func TestScenario_Letters(t *testing.T) {
	t.Parallel()
	shop.Run(t, lettersToAda, nil)
}

func lettersToAda(t *testing.T, s *shop.Shop) {
	const email = "ada@example.com"
	linux := browserOf{"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "de-AT,de;q=0.8,en;q=0.5"}
	phone := browserOf{"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", "en"}
	ada := linux.with(s.Client)
	must(ada.SignUp(t.Context(), email))(t)
	must(ada.AwaitLetter(t.Context(), email, regexp.MustCompile("Guten Tag Ada,\n\nIhre Adresse ist bestätigt")))(t)
	must(phone.with(s.Client).SignIn(t.Context(), email, shop.Password))(t)
	must(s.AwaitLetter(t.Context(), email, regexp.MustCompile("mit Chrome unter Android an Ihrem Konto angemeldet")))(t)
	must(phone.with(s.Client).SignIn(t.Context(), email, shop.Password))(t)
	must(ada.SignIn(t.Context(), email, shop.Password))(t)

	st := openStand(t, s, "lamps", 1200, 5)
	guest, order := buy(t, ada, st.product.ID, 1, email, "test_ok", "in-german")
	must(guest.AwaitOrder(t.Context(), order.ID, "paid"))(t)
	must(s.AwaitLetter(t.Context(), email, regexp.MustCompile("Beleg zur Bestellung "+order.ID)))(t)
	notices := 0
	for _, l := range must(s.Letters(t.Context(), email))(t) {
		if strings.Contains(l.Text, "an Ihrem Konto angemeldet") {
			notices++
		}
	}
	if notices != 1 {
		t.Errorf("%d notices of one new browser", notices)
	}
}

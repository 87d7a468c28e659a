package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"app/e2e/harness/shop"
	"app/modules"
	"app/platform/host"
)

// FuzzShop sends anything to every operation of the shop. No input makes a 5xx, every
// refusal is problem+json with a code, and a refusal for invalid values points at them.
func FuzzShop(f *testing.F) {
	s := shop.Open(f, shop.Local, map[string]string{"LOG_LEVEL": "error"})
	user, err := s.SignUp(f.Context(), "fuzz@example.com")
	if err != nil {
		f.Fatal(err)
	}
	routes := host.Routes(modules.All())
	for i := range routes {
		f.Add(uint8(i), "ord_01kan4v6e8fx2s1gq0vj5t3x7c", "", []byte(nil), "")
		f.Add(uint8(i), "x", "limit=10&after=AAAA", []byte(`{"name":"x","price":{"amount":-1,"currency":"eur"},"stock":1e99,"quantity":null,"data":[]}`), "application/json")
		f.Add(uint8(i), "..", "q=%ff", []byte("{\"email\":\"\xff\",\"email\":1}"), "application/json; charset=utf-16")
	}
	f.Fuzz(func(t *testing.T, n uint8, id, query string, body []byte, contentType string) {
		op := routes[int(n)%len(routes)].Operation
		path := parameter.ReplaceAllString(op.Path, strings.Map(plain, id))
		request, err := http.NewRequestWithContext(t.Context(), op.Method, s.Base+path, strings.NewReader(string(body)))
		if err != nil {
			return // not a request
		}
		request.URL.RawQuery = strings.Map(plain, query)
		request.Header.Set("Authorization", "Bearer "+user.Token)
		request.Header.Set("Content-Type", strings.Map(plain, contentType))
		request.Header.Set("Idempotency-Key", strings.Map(plain, id))
		reply, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			return // the connection may be cut off for a body that nobody reads
		}
		defer func() { _ = reply.Body.Close() }() // it was read to its end or it does not matter
		judge(t, op.Method+" "+path, reply)
	})
}

// plain keeps what may stand in a request line and a header.
func plain(r rune) rune {
	if r <= ' ' || r >= 0x7f || r == '#' {
		return -1
	}
	return r
}

func judge(t *testing.T, call string, reply *http.Response) {
	t.Helper()
	if reply.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s answered %d", call, reply.StatusCode)
	}
	if reply.StatusCode < http.StatusBadRequest {
		return
	}
	if call == http.MethodPost+" /v1/auth/token" {
		judgeOAuth(t, call, reply)
		return
	}
	var p shop.Problem
	if err := json.NewDecoder(reply.Body).Decode(&p); err != nil || reply.Header.Get("Content-Type") != "application/problem+json" || p.Code == "" {
		t.Errorf("%s answered %d with %s: %+v, %v", call, reply.StatusCode, reply.Header.Get("Content-Type"), p, err)
	}
	whole := strings.Contains(call, "/webhooks/") // what another company posts is of its own form, and wrong as a whole
	if p.Code == "validation_failed" && (len(p.Errors) == 0 || !whole && !strings.HasPrefix(p.Errors[0].Pointer, "/")) {
		t.Errorf("%s: no pointer in %+v", call, p)
	}
}

// judgeOAuth is for the endpoint whose errors are those of RFC 6749 section 5.2, unless
// the request did not reach it.
func judgeOAuth(t *testing.T, call string, reply *http.Response) {
	t.Helper()
	var refused struct{ Error, Code string }
	err := json.NewDecoder(reply.Body).Decode(&refused)
	if kind := reply.Header.Get("Content-Type"); err != nil ||
		(kind != "application/json" || refused.Error == "") && (kind != "application/problem+json" || refused.Code == "") {
		t.Errorf("%s answered %d with %s: %+v, %v", call, reply.StatusCode, kind, refused, err)
	}
}

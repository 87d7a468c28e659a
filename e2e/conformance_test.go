package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/e2e/harness/shop"
	"app/modules"
	"app/platform/host"
	"app/platform/ids"
)

// probe is one request that every route gets, in every shape.
type probe struct {
	name        string
	signedIn    bool
	body        string
	contentType string
	query       string
}

var probes = []probe{
	{name: "anonymous"},
	{name: "signed in", signedIn: true},
	{name: "empty object", signedIn: true, body: `{}`, contentType: "application/json"},
	{name: "broken JSON", signedIn: true, body: `{"a":`, contentType: "application/json"},
	{name: "unknown field", signedIn: true, body: `{"no_such_field":1}`, contentType: "application/json"},
	{name: "array", signedIn: true, body: `[1,2]`, contentType: "application/json"},
	{name: "wrong content type", signedIn: true, body: `a=b`, contentType: "application/x-www-form-urlencoded"},
	{name: "unknown query", signedIn: true, query: "?no_such_parameter=1"},
	{name: "bad limit", signedIn: true, query: "?limit=many"},
	{name: "too large", signedIn: true, body: `{"title":"` + strings.Repeat("x", 2<<20) + `"}`, contentType: "application/json"},
}

// Every route answers the same to the same request whether its module is in the
// gateway's process or in another: status, headers and body. And whatever is sent, no
// input makes a 5xx.
func TestConformance_EveryRouteInEveryShape(t *testing.T) {
	t.Parallel()
	conform(t, shop.RPC, shop.Processes)
}

// The same over MariaDB. No answer comes by way of the broker that this shape also has.
func TestConformance_EveryRouteOverMariaDB(t *testing.T) {
	t.Parallel()
	conform(t, shop.RabbitMQ)
}

// conform compares shapes with the local one.
func conform(t *testing.T, others ...shop.Shape) {
	t.Helper()
	shops := map[shop.Shape]*shop.Shop{}
	tokens := map[shop.Shape]*shop.Client{}
	for _, shape := range append(others, shop.Local) {
		shops[shape] = shop.Open(t, shape, nil)
		tokens[shape] = must(shops[shape].SignUp(t.Context(), "conformance@example.com"))(t)
	}
	for _, route := range host.Routes(modules.All()) {
		op := route.Operation
		t.Run(op.Method+" "+op.Path, func(t *testing.T) {
			t.Parallel()
			tokens := tokens
			if op.Revokes { // somebody else's session would end in the middle of another route
				tokens = map[shop.Shape]*shop.Client{}
				for shape, s := range shops {
					tokens[shape] = must(s.SignUp(t.Context(), op.ID+"@example.com"))(t)
				}
			}
			for _, p := range probes {
				want := ask(t, shops[shop.Local], tokens[shop.Local], op.Method, op.Path, p)
				if strings.Contains(want.Status, "50") {
					t.Errorf("%s: %s", p.name, want.Status)
				}
				for _, shape := range others {
					got := ask(t, shops[shape], tokens[shape], op.Method, op.Path, p)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s: -local +%s\n%s", p.name, shape, diff)
					}
				}
			}
		})
	}
}

// answer is what has to be equal.
type answer struct {
	Status string
	Header map[string]string
	Body   string
}

// ids that no row has, so that the shops need no equal content.
var placeholder = map[string]string{
	"{id}": "ord_01kan4v6e8fx2s1gq0vj5t3x7c", "{product_id}": "prd_01kan4v6e8fx2s1gq0vj5t3x7c",
	"{user_id}": "usr_01kan4v6e8fx2s1gq0vj5t3x7c", "{invitation_id}": "inv_01kan4v6e8fx2s1gq0vj5t3x7c", "{provider}": "test", "{asset}": "nothing.css",
}

var parameter = regexp.MustCompile(`\{[a-z_]+\}`)

func ask(t *testing.T, s *shop.Shop, user *shop.Client, method, path string, p probe) answer {
	t.Helper()
	c := s.Client
	if p.signedIn {
		c = user
	}
	var body []byte
	var options []shop.Option
	if p.body != "" {
		body, options = []byte(p.body), append(options, shop.Header("Content-Type", p.contentType))
	}
	path = parameter.ReplaceAllStringFunc(path, func(name string) string { return placeholder[name] })
	if strings.HasPrefix(path, "/dev/mailbox") { // the others get mail as they sign up
		p.query = "?to=conformance@example.com" + strings.Replace(p.query, "?", "&", 1)
	}
	reply, err := c.Send(t.Context(), method, path+p.query, body, options...)
	if err != nil {
		return answer{Status: "the connection broke"} // both sides may cut off a body they will not read
	}
	out := answer{Status: fmt.Sprint(reply.Status), Header: map[string]string{}, Body: mask(t, reply)}
	for _, name := range slices.Sorted(maps.Keys(reply.Header)) {
		switch name {
		case "Date", "X-Request-Id", "Content-Length", "Connection", "Etag":
			out.Header[name] = "present"
		default:
			out.Header[name] = hide(reply.Header.Get(name))
		}
	}
	return out
}

var made = regexp.MustCompile(`[a-z]{3}_[0-9a-z]{26}|\d{4}-\d\d-\d\dT[0-9:.]+Z|"kid":"[^"]*"|"x":"[^"]*"|"token":"[^"]*"|\b\d{6}\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|http://127\.0\.0\.1:\d+|"secret":"[A-Z2-7]{32}"|secret=[A-Z2-7]{32}`)

// mask hides what differs between any two shops.
func mask(t *testing.T, reply shop.Reply) string {
	t.Helper()
	var doc any
	if strings.HasSuffix(reply.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(reply.Body, &doc); err != nil {
			t.Errorf("not JSON: %v", err)
		}
	}
	oauth := strings.HasPrefix(string(reply.Body), `{"error":"`) // of a form of its own (RFC 6749 section 5.2)
	if reply.Status >= http.StatusBadRequest && reply.Header.Get("Content-Type") != "application/problem+json" && len(reply.Body) > 0 && !oauth {
		t.Errorf("an error that is not problem+json: %d %s", reply.Status, reply.Header.Get("Content-Type"))
	}
	return hide(string(reply.Body))
}

func hide(text string) string {
	return made.ReplaceAllStringFunc(text, func(s string) string {
		if i := strings.IndexByte(s, '_'); i == 3 && ids.Valid(s[:3], s) {
			return s[:3] + "_"
		}
		return "made"
	})
}

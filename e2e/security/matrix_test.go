package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/e2e/harness/shop"
)

// open are the operations whose object everybody may see, by id of the OpenAPI
// document. Every other operation with an id in its path is taken to be about
// somebody's own thing, so a new one needs no line here.
var open = []string{"get-product", "get-merchant", "get-public-profile"}

// unreached are operations whose object this test does not make: no e-mail is written
// by hand here.
var unreached = []string{"get-email"}

// elsewhere are operations that this test leaves to others: they answer with redirects
// and pages, or take signed messages of providers, who are not callers of the shop.
var elsewhere = regexp.MustCompile(`^/(docs|dev|openapi\.json|\.well-known)|/webhooks/|^/v1/auth/(google|oidc)|^/$`)

// TestAuthorizationMatrix sends every operation of the OpenAPI document as every kind
// of caller, in one process and in a process for each module. No caller gets in whom
// the declaration keeps out; strangers cannot tell what is somebody else's from what is
// not there; and nothing is a 5xx.
func TestAuthorizationMatrix(t *testing.T) {
	t.Parallel()
	for _, shape := range []shop.Shape{shop.Local, shop.Processes} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, shop.Open(t, shape, map[string]string{"LOG_LEVEL": "error"}))
			operations := m.read(t)
			for _, op := range operations {
				m.strangers(t, op)
			}
			for _, op := range operations {
				m.friends(t, op)
			}
		})
	}
}

// described is an operation of the document.
type described struct {
	Method, Path string
	ID           string `json:"operationId"`
	Access       string `json:"x-access"`
	Scope        string `json:"x-scope"`
	Parameters   []struct {
		Name, In string
		Required bool
		Schema   schema
	}
	RequestBody struct {
		Content map[string]struct{ Schema schema }
	} `json:"requestBody"`
}

// private reports whether the operation is about a thing that belongs to somebody.
func (o described) private() bool {
	return strings.Contains(o.Path, "{") && !slices.Contains(open, o.ID) && o.Access != "public"
}

// read gets the operations from the shop's own document, those that only look before
// those that change.
func (m *matrix) read(t *testing.T) []described {
	t.Helper()
	var doc struct {
		Paths      map[string]map[string]described
		Components struct{ Schemas map[string]schema }
	}
	if err := m.shop.Call(t.Context(), http.StatusOK, http.MethodGet, "/openapi.json", nil, &doc); err != nil {
		t.Fatal(err)
	}
	m.schemas = doc.Components.Schemas
	var out []described
	for path, item := range doc.Paths {
		for method, op := range item {
			if elsewhere.MatchString(path) {
				continue
			}
			op.Method, op.Path = strings.ToUpper(method), path
			if op.Access == "" {
				t.Errorf("%s %s: the document does not say who may call it", op.Method, path)
			}
			out = append(out, op)
		}
	}
	slices.SortFunc(out, func(a, b described) int { return strings.Compare(order(a), order(b)) })
	if len(out) < 50 {
		t.Fatalf("%d operations: is the document read right?", len(out))
	}
	return out
}

func order(o described) string {
	rank := map[string]string{http.MethodGet: "0", http.MethodDelete: "2"}[o.Method]
	if rank == "" {
		rank = "1"
	}
	return rank + o.Path + o.Method
}

// strangers are those who have no right to the merchant, the cart, the order or the
// account in the path.
func (m *matrix) strangers(t *testing.T, op described) {
	t.Helper()
	for name, c := range m.outside {
		reply := m.send(t, op, c, m.theirs)
		m.judge(t, op, name, reply)
		if !op.private() {
			continue
		}
		if reply.Status < 300 {
			t.Errorf("%s %s: %s gets %d: %s", op.Method, op.Path, name, reply.Status, reply.Body)
		}
		absent := m.send(t, op, c, nowhere)
		if diff := cmp.Diff(m.canonical(absent), m.canonical(reply)); diff != "" {
			t.Errorf("%s %s: %s can tell (-not there +not theirs):\n%s", op.Method, op.Path, name, diff)
		}
	}
}

// friends are those who have some right: nothing they send is a fault, and a viewer
// changes nothing.
func (m *matrix) friends(t *testing.T, op described) {
	t.Helper()
	reached := false
	for name, c := range m.inside {
		c = m.fresh(t, name, c)
		reply := m.send(t, op, c, m.theirs)
		m.judge(t, op, name, reply)
		reached = reached || reply.Status < 300
		if name == "viewer" && op.Access == "member" && op.Method != http.MethodGet && reply.Status < 300 && !strings.HasSuffix(op.Path, "/members/me") {
			t.Errorf("%s %s: a viewer gets %d: %s", op.Method, op.Path, reply.Status, reply.Body)
		}
	}
	if op.Method == http.MethodGet && op.private() && !reached && !slices.Contains(unreached, op.ID) {
		t.Errorf("%s %s: nobody gets in, so nothing was tried: is there such a thing in m.theirs?", op.Method, op.Path)
	}
}

// judge holds an answer against the declaration.
func (m *matrix) judge(t *testing.T, op described, name string, reply shop.Reply) {
	t.Helper()
	if reply.Status >= 500 {
		t.Errorf("%s %s: %s gets %d: %s", op.Method, op.Path, name, reply.Status, reply.Body)
	}
	var forbidden bool
	key, isKey := strings.CutPrefix(name, "key ")
	_, scope, _ := strings.Cut(key, " ")
	switch op.Access {
	case "admin":
		forbidden = name != "administrator" && (!isKey || scope != op.Scope)
	case "user", "member":
		forbidden = name == "anonymous" || strings.HasPrefix(name, "guest") || isKey && scope != op.Scope
	}
	if forbidden && reply.Status != http.StatusUnauthorized && reply.Status != http.StatusForbidden && reply.Status != http.StatusNotFound {
		t.Errorf("%s %s is for %s %s, and %s gets %d: %s", op.Method, op.Path, op.Access, op.Scope, name, reply.Status, reply.Body)
	}
}

var identifiers = regexp.MustCompile(`\b[a-z]{3}_[0-9a-z]{26}\b`)

// canonical is what a caller can compare: status and body, without ids, which he knows
// or which differ each time.
func (m *matrix) canonical(reply shop.Reply) string {
	return fmt.Sprintf("%d %s", reply.Status, identifiers.ReplaceAll(reply.Body, []byte("ID")))
}

// send makes the request that the document describes, about the things given.
func (m *matrix) send(t *testing.T, op described, c *shop.Client, about map[string]string) shop.Reply {
	t.Helper()
	path := op.Path
	var query []string
	options := []shop.Option{shop.Key(m.key())}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", pathID(op.Path, p.Name, about))
		case p.In == "query" && p.Name == "merchant_id":
			query = append(query, "merchant_id="+about["merchant"])
		case p.In == "query" && p.Required:
			query = append(query, p.Name+"="+fmt.Sprint(m.value(p.Name, p.Schema, about)))
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	var body []byte
	if content, ok := op.RequestBody.Content["application/json"]; ok {
		var err error
		if body, err = json.Marshal(m.value("", content.Schema, about)); err != nil {
			t.Fatal(err)
		}
	}
	reply, err := c.Send(t.Context(), op.Method, path, body, options...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// pathID finds the thing that a path parameter means by the name before it:
// "/v1/orders/{id}" is an order.
func pathID(path, name string, about map[string]string) string {
	if id := about[strings.TrimSuffix(name, "_id")]; id != "" {
		return id
	}
	before, _, _ := strings.Cut(path, "/{"+name+"}")
	thing := before[strings.LastIndex(before, "/")+1:]
	if id := about[strings.TrimSuffix(thing, "s")]; id != "" {
		return id
	}
	return about["other"]
}

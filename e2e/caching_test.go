package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"app/e2e/harness/shop"
	"app/modules"
	"app/platform/host"
	"app/platform/identity"
	"app/platform/operation"
)

// Every operation that is declared, served in the gateway's process or in another:
// nothing is for caches but what a public operation answers to a GET that says in no
// header who is calling, and that varies by those headers.
func TestFault12_EveryOperationDecidesAboutCaches(t *testing.T) {
	t.Parallel()
	credentials := [][]shop.Option{
		nil, {shop.Header("Authorization", "Bearer old")}, {shop.Header("Authorization", "Basic eDp5")}, {shop.Header("Cookie", identity.SessionCookie+"=x")},
		{shop.Header("Cart-Token", "x")}, {shop.Header("If-None-Match", "*")}, {shop.Header("Cookie", "a=b"), shop.Header("If-None-Match", "*")},
	}
	for _, shape := range []shop.Shape{shop.Local, shop.RPC} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			s := shop.Open(t, shape, nil)
			user := must(s.SignUp(t.Context(), "caches@example.com"))(t)
			for _, route := range host.Routes(modules.All()) {
				op := route.Operation
				path := parameter.ReplaceAllStringFunc(op.Path, func(name string) string { return placeholder[name] })
				for i, with := range credentials {
					expectCaching(t, s.Client, op, path, i == 0 || i == 5, with)
				}
				if !op.Revokes {
					expectCaching(t, user, op, path, false, nil)
				}
			}
			for _, path := range []string{"/ready", "/live", "/nothing", "/%64ev/mailbox", "/docs/nothing"} {
				expectCaching(t, s.Client, operation.Operation{Method: http.MethodGet, Path: path}, path, false, nil)
			}
		})
	}
}

// expectCaching sends one request and looks at what the reply says to caches.
func expectCaching(t *testing.T, c *shop.Client, op operation.Operation, path string, anonymous bool, with []shop.Option) {
	t.Helper()
	reply, err := c.Send(t.Context(), op.Method, path, nil, with...)
	if err != nil {
		t.Errorf("%s %s: %v", op.Method, path, err)
		return
	}
	said := reply.Header["Cache-Control"]
	success := reply.Status == http.StatusOK || reply.Status == http.StatusNotModified
	allowed := anonymous && op.Access == operation.Public && op.Method == http.MethodGet && success
	switch {
	case len(said) != 1:
		t.Errorf("%s %s: %d with Cache-Control %q", op.Method, path, reply.Status, said)
	case said[0] == "no-store":
	case !allowed:
		t.Errorf("%s %s: %d is for caches: %s", op.Method, path, reply.Status, said[0])
	case !slices.ContainsFunc(reply.Header["Vary"], func(v string) bool { return strings.Contains(v, "Authorization, Cookie, Cart-Token") }):
		t.Errorf("%s %s: varies by %q", op.Method, path, reply.Header["Vary"])
	}
	if allowed && strings.HasPrefix(path, "/v1/products") && said[0] == "no-store" {
		t.Errorf("%s %s: caches may have this", op.Method, path)
	}
}

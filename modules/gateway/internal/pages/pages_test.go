package pages_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"app/modules/gateway/internal/pages"
	"app/platform/operation"
)

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	p := &pages.Pages{OpenAPI: func() ([]byte, error) { return []byte("{}"), nil }, Problems: operation.ProblemsPage()}
	api := operation.NewAPI("gateway", operation.Options{})
	p.Register(api)
	w := httptest.NewRecorder()
	api.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w
}

// The page of the API may run the scripts that it is made of and nothing else;
// e2e/browser_test.go shows that it works so.
func TestDocsPolicy(t *testing.T) {
	t.Parallel()
	page := get(t, "/docs")
	policy := page.Header().Get("Content-Security-Policy")
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(page.Body.String(), -1)
	if page.Code != http.StatusOK || len(scripts) == 0 {
		t.Fatalf("%d with %d scripts", page.Code, len(scripts))
	}
	for _, script := range scripts {
		sum := sha256.Sum256([]byte(script[1]))
		if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy does not let this script run: %.80s", script[1])
		}
	}
	directives := map[string]string{}
	for directive := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		directives[name] = value
	}
	if directives["default-src"] != "'none'" || directives["frame-ancestors"] != "'none'" || strings.Contains(directives["script-src"], "unsafe") {
		t.Errorf("policy %s", policy)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"/":                        {200, "text/html; charset=utf-8"},
		"/docs/problems":           {200, "text/html; charset=utf-8"},
		"/docs/swagger-ui.css":     {200, "text/css; charset=utf-8"},
		"/docs/nothing.js":         {404, "application/problem+json"},
		"/openapi.json":            {200, "application/json"},
		"/docs/index.html/../../x": {404, "application/problem+json"},
	} {
		w := get(t, path)
		if w.Code != want.status || w.Header().Get("Content-Type") != want.kind {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		if policy := w.Header().Get("Content-Security-Policy"); strings.HasPrefix(want.kind, "text/html") && !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

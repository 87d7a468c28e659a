package operation_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"app/platform/callctx"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestFault29_ContentCodings(t *testing.T) {
	t.Parallel()
	api := catalog(operation.Options{})
	api.Raw(operation.Operation{Method: http.MethodPost, Path: "/raw", Access: operation.Public, Rate: operation.RateWebhook}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	h := api.Handler()
	for _, path := range []string{"/v1/products", "/raw"} {
		for coding, refused := range map[string]bool{"gzip": true, "br": true, "identity, gzip": true, "x-unknown": true, "identity": false, "Identity": false} {
			got := operationtest.Send(h, operationtest.Nobody, http.MethodPost, path, validBody, "Content-Encoding", coding)
			if refused != (got.Status == http.StatusUnsupportedMediaType) || refused && (got.Problem(t).Code != "unsupported_media_type" || got.Header.Get("Accept-Encoding") != "identity") {
				t.Errorf("%s to %s: %+v", coding, path, got)
			}
		}
		for _, name := range []string{"Content-Type", "Content-Encoding"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(validBody))
			r.Header["Content-Type"] = []string{"application/json"}
			r.Header[name] = append(r.Header[name], "identity", "gzip")
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusUnsupportedMediaType {
				t.Errorf("two %s to %s: %d %s", name, path, w.Code, w.Body)
			}
		}
	}
}

func TestFault29_ConditionsAndLists(t *testing.T) {
	t.Parallel()
	h := catalog(operation.Options{}).Handler()
	ask := func(method string, header string, lines ...string) operationtest.Reply {
		body := map[string]string{http.MethodPatch: `{}`}[method]
		r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), operationtest.Alice), method, "/v1/products/prd_1", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header[header] = lines
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return operationtest.Reply{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	}
	for _, lines := range [][]string{{""}, {" "}, {","}, {" , ,"}, {"7"}, {`"7`}, {`7"`}, {`w/"7"`}, {`"7" "8"`}, {`"7", *`}, {"*, *"}, {`"a b"`}, {`"7";`}, {"", ""}, {`"7"`, "x"}, {"*", `"7"`}} {
		for _, method := range []string{http.MethodPatch, http.MethodDelete, http.MethodGet} {
			if got := ask(method, "If-Match", lines...); got.Status != http.StatusBadRequest || got.Problem(t).Code != "precondition_malformed" {
				t.Errorf("%s with If-Match %q: %d %s", method, lines, got.Status, got.Body)
			}
		}
	}
	for want, lists := range map[int][][]string{
		200: {{`"7"`}, {"*"}, {`"6", "7"`}, {`"6"`, `"7"`}, {`,"7",`}, {`"a,b", "7"`}, {`"6"`, `"8","7"`}},
		412: {{`"6"`}, {`W/"7"`}, {`"6"`, `"8"`}, {`"6,\"7\""`}, {`"a,7,b"`}, {`""`}},
	} {
		for _, lines := range lists {
			for _, method := range []string{http.MethodPatch, http.MethodGet} {
				if lines[0] == `"6,\"7\""` {
					continue
				}
				if got := ask(method, "If-Match", lines...); got.Status != want {
					t.Errorf("%s with If-Match %q: %d %s, want %d", method, lines, got.Status, got.Body, want)
				}
			}
		}
	}
	for want, lists := range map[int][][]string{304: {{`"7"`}, {"*"}, {`"6"`, `W/"7"`}, {`"6"`, `"5", "7"`}}, 200: {{`"6"`}, {""}, {"7"}, {`"6"`, `"8"`}}} {
		for _, lines := range lists {
			if got := ask(http.MethodGet, "If-None-Match", lines...); got.Status != want {
				t.Errorf("If-None-Match %q: %d, want %d", lines, got.Status, want)
			}
		}
	}
}

// Bytes that are no UTF-8 reach no handler as text, whatever they stand in.
func TestFault21_TextFromOutsideIsValid(t *testing.T) {
	t.Parallel()
	api := operation.NewAPI("demo", operation.Options{})
	var client callctx.Client
	seen := map[string]string{}
	note := func(r *http.Request) {
		client = callctx.ClientOf(r.Context())
		seen["path"], seen["query"], seen["header"] = r.PathValue("id"), r.URL.Query().Get("q"), r.Header.Get("X-Signature")
	}
	api.Raw(operation.Operation{Method: http.MethodPost, Path: "/raw/{id}", Access: operation.Public, Rate: operation.RateWebhook, Headers: []string{"X-Signature"}},
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			note(r)
			if err := operation.ParseForm(r); err != nil {
				t.Error(err)
			}
			seen["form"] = r.PostForm.Get("name\ufffd")
		}))
	r := httptest.NewRequest(http.MethodPost, "/raw/caf%E9?q=caf%E9&r=%ff", strings.NewReader("name%ff="+url.QueryEscape("caf\xe9")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, name := range []string{"User-Agent", "Accept-Language", "X-Signature"} {
		r.Header.Set(name, "Caf\xe9Browser/1.0")
	}
	api.Handler().ServeHTTP(httptest.NewRecorder(), r)
	seen["agent"], seen["accepts"] = client.Agent, client.Accepts
	for where, got := range seen {
		if !strings.HasPrefix(strings.ToLower(got), "caf\ufffd") || !utf8.ValidString(got) {
			t.Errorf("%s: %q", where, got)
		}
	}
	if r.Header.Get("X-Signature") != "Caf\xe9Browser/1.0" || r.URL.RawQuery != "q=caf%E9&r=%ff" {
		t.Error("the caller's own request was changed")
	}
	if got := operationtest.Send(catalog(operation.Options{}).Handler(), operationtest.Nobody, http.MethodPost, "/v1/products", "{\"title\":\"caf\xe9\"}"); got.Status != http.StatusBadRequest || got.Problem(t).Code != "malformed_json" {
		t.Errorf("JSON: %+v", got)
	}
}

package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"app/platform/callctx"
	"app/platform/httpserver"
	"app/platform/identity"
)

// A request whose end a proxy in front may see elsewhere is refused, and the connection
// is closed.
func TestFault29_DoubtfulFraming(t *testing.T) {
	t.Parallel()
	s := limited(t, &httpserver.Server{})
	const post, chunk = "POST / HTTP/1.1\r\nHost: x\r\n", "\r\n1\r\na\r\n0\r\n\r\n"
	for name, request := range map[string]string{
		"LengthAndCoding":  post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" + chunk,
		"CodingAndLength":  post + "transfer-encoding:chunked\r\nX: y\r\nCONTENT-LENGTH:1\r\n" + chunk,
		"CodingUnderHTTP1": "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + chunk,
		"BareLF":           "GET / HTTP/1.1\nHost: x\n\n",
		"OneBareLF":        "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
		"BareLFAtTheEnd":   "GET / HTTP/1.1\r\nHost: x\r\n\n",
		"BareLFAfterLine":  "GET / HTTP/1.1\nHost: x\r\n\r\n",
		"BareCR":           "GET / HTTP/1.1\r\nHost: x\r\nX: y\rZ: 1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, pieces := range [][]string{{request}, strings.SplitAfter(request, ":"), strings.SplitAfter(request, "\r")} {
				conn := dial(t, s)
				for _, piece := range pieces {
					_, _ = io.WriteString(conn, piece)
				}
				if p, _ := problemIn(t, conn); p.Status != http.StatusBadRequest || p.Code != "malformed_request" {
					t.Errorf("%+v", p)
				}
			}
		})
	}
	t.Run("BareLFInChunks", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s)
		_, _ = io.WriteString(conn, post+"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n")
		reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || !reply.Close {
			t.Errorf("the connection stays: %+v, %v", reply, err)
		}
	})
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s)
		reader := bufio.NewReader(conn)
		for _, request := range []string{
			post + "Transfer-Encoding: chunked\r\n" + chunk, post + "Content-Length: 1\r\n\r\na", post + "X-Content-Length: 1\r\nX: content-length:\r\nTransfer-Encoding: chunked\r\n" + chunk,
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n", post + "Content-Length: 20\r\n\r\ntransfer-encoding:\n\n",
		} {
			_, _ = io.WriteString(conn, request)
			reply, err := http.ReadResponse(reader, nil)
			if err != nil || reply.StatusCode != http.StatusOK || reply.Close {
				t.Fatalf("%q: %+v, %v", request, reply, err)
			}
			_, _ = io.Copy(io.Discard, reply.Body)
		}
	})
	t.Run("PipelinedIsTheLast", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s)
		smuggled := post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" + chunk
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"+smuggled+smuggled)
		all, _ := io.ReadAll(conn)
		if n := strings.Count(string(all), "HTTP/1.1 "); n != 2 || strings.Count(string(all), "Connection: close") != 1 {
			t.Errorf("%d replies: %s", n, all)
		}
	})
}

func TestFault29_ContentCodings(t *testing.T) {
	t.Parallel()
	api := catalog(httpserver.Options{})
	api.Raw(httpserver.Operation{Method: http.MethodPost, Path: "/raw", Access: httpserver.Public, Rate: httpserver.RateWebhook}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	h := api.Handler()
	for _, path := range []string{"/v1/products", "/raw"} {
		for coding, refused := range map[string]bool{"gzip": true, "br": true, "identity, gzip": true, "x-unknown": true, "identity": false, "Identity": false} {
			got := send(h, nobody, http.MethodPost, path, validBody, "Content-Encoding", coding)
			if refused != (got.Status == http.StatusUnsupportedMediaType) || refused && (got.problem(t).Code != "unsupported_media_type" || got.Header.Get("Accept-Encoding") != "identity") {
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
	h := catalog(httpserver.Options{}).Handler()
	ask := func(method string, header string, lines ...string) reply {
		body := map[string]string{http.MethodPatch: `{}`}[method]
		r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), alice), method, "/v1/products/prd_1", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header[header] = lines
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return reply{w.Code, w.Header(), w.Body.String()}
	}
	for _, lines := range [][]string{{""}, {" "}, {","}, {" , ,"}, {"7"}, {`"7`}, {`7"`}, {`w/"7"`}, {`"7" "8"`}, {`"7", *`}, {"*, *"}, {`"a b"`}, {`"7";`}, {"", ""}, {`"7"`, "x"}, {"*", `"7"`}} {
		for _, method := range []string{http.MethodPatch, http.MethodDelete, http.MethodGet} {
			if got := ask(method, "If-Match", lines...); got.Status != http.StatusBadRequest || got.problem(t).Code != "precondition_malformed" {
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
	api := httpserver.NewAPI("demo", httpserver.Options{})
	var client callctx.Client
	seen := map[string]string{}
	note := func(r *http.Request) {
		client = callctx.ClientOf(r.Context())
		seen["path"], seen["query"], seen["header"] = r.PathValue("id"), r.URL.Query().Get("q"), r.Header.Get("X-Signature")
	}
	api.Raw(httpserver.Operation{Method: http.MethodPost, Path: "/raw/{id}", Access: httpserver.Public, Rate: httpserver.RateWebhook, Headers: []string{"X-Signature"}},
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			note(r)
			if err := httpserver.ParseForm(r); err != nil {
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
	if got := send(catalog(httpserver.Options{}).Handler(), nobody, http.MethodPost, "/v1/products", "{\"title\":\"caf\xe9\"}"); got.Status != http.StatusBadRequest || got.problem(t).Code != "malformed_json" {
		t.Errorf("JSON: %+v", got)
	}
}

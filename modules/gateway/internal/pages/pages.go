// Package pages are what the gateway serves itself: the documentation of the API, offline.
package pages

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"sync"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"app/platform/fault"
	"app/platform/httpserver"
)

//go:embed index.html
var index []byte

// Pages are the gateway's own pages.
type Pages struct {
	// OpenAPI renders the merged document of the shop. Set it before the first request.
	OpenAPI func() ([]byte, error)
	// Problems explains the codes of all modules. Set it before the first request.
	Problems http.Handler

	once     sync.Once
	document []byte
	failed   error
}

// Register declares the pages.
func (p *Pages) Register(api *httpserver.API) {
	api.Problems(problems...)
	docs := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Souk", SwaggerJSON: "/openapi.json", BasePath: "/docs/", SettingsUI: map[string]string{"persistAuthorization": "true"},
	})
	page := func(path, id, summary string, h http.Handler) {
		api.Raw(httpserver.Operation{
			Method: http.MethodGet, Path: path, ID: id, Summary: summary,
			Access: httpserver.Public, Rate: httpserver.RateDefault, Undocumented: true,
		}, h)
	}
	page("/", "show-index", "Where to find what", http.HandlerFunc(show))
	page("/docs", "show-docs", "The API as pages", newDocument(docs))
	page("/docs/{asset}", "show-docs-asset", "Scripts and styles of the pages", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		docs.ServeHTTP(&found{ResponseWriter: w, request: r}, r)
	}))
	page("/docs/problems", "show-problems", "What the error codes mean", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Problems.ServeHTTP(w, r)
	}))
	page("/openapi.json", "get-openapi", "The API as an OpenAPI 3.1 document", http.HandlerFunc(p.serveDocument))
}

// document is a page that is the same for everybody, and the policy under which its own scripts run and no others.
type document struct {
	body   []byte
	policy string
}

// inline finds the scripts that are part of a page.
var inline = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// newDocument renders the index of a handler of pages, which wants a trailing slash that no path of ours has.
func newDocument(h http.Handler) document {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/docs/"}, Header: http.Header{}}
	var page rendered
	h.ServeHTTP(&page, r)
	scripts := "'self'"
	for _, script := range inline.FindAllSubmatch(page.Bytes(), -1) {
		sum := sha256.Sum256(script[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return document{page.Bytes(), "default-src 'none'; script-src " + scripts + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
}

// ServeHTTP implements http.Handler.
func (d document) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", d.policy)
	_, _ = w.Write(d.body) // the client may have gone
}

// rendered is a reply that is kept.
type rendered struct{ bytes.Buffer }

// Header implements http.ResponseWriter.
func (*rendered) Header() http.Header { return http.Header{} }

// WriteHeader implements http.ResponseWriter.
func (*rendered) WriteHeader(int) {}

func show(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", httpserver.PagePolicy)
	_, _ = w.Write(index) // the client may have gone
}

func (p *Pages) serveDocument(w http.ResponseWriter, r *http.Request) {
	p.once.Do(func() { p.document, p.failed = p.OpenAPI() })
	if p.failed != nil {
		httpserver.WriteProblem(w, r, p.failed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(p.document) // the client may have gone
}

// found turns the plain 404 of a file server into a problem.
type found struct {
	http.ResponseWriter
	request *http.Request
	missing bool
}

// WriteHeader implements http.ResponseWriter.
func (f *found) WriteHeader(status int) {
	if f.missing = status == http.StatusNotFound; f.missing {
		httpserver.WriteProblem(f.ResponseWriter, f.request, fault.Missing("page"))
		return
	}
	f.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (f *found) Write(b []byte) (int, error) {
	if f.missing {
		return len(b), nil
	}
	return f.ResponseWriter.Write(b)
}

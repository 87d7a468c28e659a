// Package pages are what the gateway serves itself: the documentation of the API, offline.
package pages

import (
	_ "embed"
	"net/http"
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
	page("/docs", "show-docs", "The API as pages", rooted(docs))
	page("/docs/{asset}", "show-docs-asset", "Scripts and styles of the pages", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		docs.ServeHTTP(&found{ResponseWriter: w, request: r}, r)
	}))
	page("/docs/problems", "show-problems", "What the error codes mean", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Problems.ServeHTTP(w, r)
	}))
	page("/openapi.json", "get-openapi", "The API as an OpenAPI 3.1 document", http.HandlerFunc(p.serveDocument))
}

// rooted serves the index of a handler that wants a trailing slash, which no path of ours has.
func rooted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.Clone(r.Context())
		inner.URL.Path = "/docs/"
		h.ServeHTTP(w, inner)
	})
}

func show(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
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

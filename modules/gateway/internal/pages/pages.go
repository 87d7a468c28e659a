// Package pages are what the gateway serves itself: the documentation of the API,
// offline.
package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"regexp"
	"sync"

	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"

	"app/modules/gateway/internal/reason"
	"app/platform/httpheader"
	"app/platform/operation"
	"app/platform/problem"
)

//go:embed index.html
var index []byte

// docs shows the document with Swagger UI. The handler that comes with the assets would
// bring the templates of the standard library into the program; see the package markup.
//
//go:embed docs.html
var docs []byte

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
func (p *Pages) Register(api *operation.API) {
	api.Problems(reason.All()...)
	api.Describe(about)
	assets := http.StripPrefix("/docs/", statigz.FileServer(static.FS))
	page := func(path, id, summary string, h http.Handler) {
		api.Raw(operation.Operation{
			Method: http.MethodGet, Path: path, ID: id, Summary: summary,
			Access: operation.Public, Rate: operation.RateDefault, Undocumented: true,
		}, h)
	}
	page("/", "show-index", "Where to find what", http.HandlerFunc(serveIndex))
	page("/docs", "show-docs", "The API as pages", newDocument(docs))
	page("/docs/{asset}", "show-docs-asset", "Scripts and styles of the pages", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assets.ServeHTTP(&found{ResponseWriter: w, request: r}, r)
	}))
	page("/docs/problems", "show-problems", "What the error codes mean", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Problems.ServeHTTP(w, r)
	}))
	page("/openapi.json", "get-openapi", "The API as an OpenAPI 3.1 document", http.HandlerFunc(p.serveDocument))
}

// document is a page that is the same for everybody, and the policy under which its own
// scripts run and no others.
type document struct {
	body   []byte
	policy string
}

// inline finds the scripts that are part of a page.
var inline = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

func newDocument(page []byte) document {
	scripts := "'self'"
	for _, script := range inline.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(script[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return document{page, "default-src 'none'; script-src " + scripts + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
}

// ServeHTTP implements http.Handler.
func (d document) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", d.policy)
	_, _ = w.Write(d.body) // the client may have gone
}

func serveIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", httpheader.PagePolicy)
	_, _ = w.Write(index) // the client may have gone
}

func (p *Pages) serveDocument(w http.ResponseWriter, r *http.Request) {
	p.once.Do(func() { p.document, p.failed = p.OpenAPI() })
	if p.failed != nil {
		problem.Write(w, r, p.failed)
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
		problem.Write(f.ResponseWriter, f.request, reason.PageNotFound.New())
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

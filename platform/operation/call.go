package operation

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
	"github.com/gorilla/mux"

	"app/platform/httpheader"
)

// humaContext gives the embedded interface another name than its method Context.
type humaContext = huma.Context

// call is one request to an operation. It is the huma.Context that Huma reads the
// checked input from and writes the output to; the output is kept until it is whole, so
// that a failure half-way is a clean problem.
type call struct {
	humaContext // of humamux, for the rest

	e    *endpoint
	ctx  context.Context
	w    http.ResponseWriter
	r    *http.Request
	vars map[string]string // of the path

	queries []queryParameter
	in      *bytes.Buffer // the body, nil when it is not read
	key     string        // Idempotency-Key, empty when there is none to honour

	claim  *Claim       // on the key, while the handler runs
	stored *StoredReply // of the first request with the key
	status int
	own    []string  // names of headers that belong to the output
	names  [4]string // room for own
	out    *bytes.Buffer
	err    error
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBuffer bounds the buffers that stay in the pool.
const keptBuffer = 64 << 10

func getBuffer() *bytes.Buffer {
	b, _ := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func putBuffer(b *bytes.Buffer) {
	if b != nil && b.Cap() <= keptBuffer {
		buffers.Put(b)
	}
}

type callKey struct{}

func newCall(ctx context.Context, e *endpoint, w http.ResponseWriter, r *http.Request) *call {
	c := &call{humaContext: humamux.NewContext(e.spec, r, w), e: e, w: w, r: r, out: getBuffer()}
	c.own = c.names[:0]
	if len(e.params) > 0 {
		c.vars = mux.Vars(r)
	}
	c.ctx = ctx
	if e.op.Idempotency != KeyNone {
		c.ctx = context.WithValue(ctx, callKey{}, c)
	}
	return c
}

func (c *call) releaseBuffers() {
	putBuffer(c.in)
	putBuffer(c.out)
	c.in, c.out = nil, nil
}

// Context implements huma.Context.
func (c *call) Context() context.Context { return c.ctx }

// Param implements huma.Context.
func (c *call) Param(name string) string {
	if v, ok := c.vars[name]; ok {
		return v
	}
	return c.r.PathValue(name)
}

// Query implements huma.Context.
func (c *call) Query(name string) string {
	for i := range c.queries {
		if c.queries[i].name == name {
			return c.queries[i].value
		}
	}
	return ""
}

// Header implements huma.Context.
func (c *call) Header(name string) string { return httpheader.Value(c.r.Header, name) }

// BodyReader implements huma.Context.
func (c *call) BodyReader() io.Reader {
	if c.in == nil {
		return http.NoBody
	}
	return bytes.NewReader(c.in.Bytes())
}

// SetReadDeadline implements huma.Context. The body has been read.
func (c *call) SetReadDeadline(time.Time) error { return nil }

// SetStatus implements huma.Context.
func (c *call) SetStatus(status int) { c.status = status }

// Status implements huma.Context.
func (c *call) Status() int { return c.status }

// SetHeader implements huma.Context.
func (c *call) SetHeader(name, value string) {
	c.own = append(c.own, name)
	c.w.Header().Set(name, value)
}

// AppendHeader implements huma.Context.
func (c *call) AppendHeader(name, value string) {
	c.own = append(c.own, name)
	c.w.Header().Add(name, value)
}

// removeOutputHeaders takes back the headers of an output that is not sent after all.
func (c *call) removeOutputHeaders() {
	for _, name := range c.own {
		c.w.Header().Del(name)
	}
}

// BodyWriter implements huma.Context.
func (c *call) BodyWriter() io.Writer { return c }

// Write takes a part of the output.
func (c *call) Write(b []byte) (int, error) { return c.out.Write(b) }

// sendReply sends the reply.
func (c *call) sendReply() {
	header := c.w.Header()
	if c.isNotModified(header) {
		header.Del("Content-Type")
		c.w.WriteHeader(http.StatusNotModified)
		return
	}
	if bodyAllowed(c.status) {
		header["Content-Length"] = []string{strconv.Itoa(c.out.Len())}
	}
	c.w.WriteHeader(c.status)
	if c.out.Len() > 0 {
		_, _ = c.w.Write(c.out.Bytes()) // a client that is gone is nobody's concern
	}
}

// failsIfMatch reports whether the client asked for versions that this one is not among
// (RFC 9110 section 13.2.2, step 1). What changes something compares versions itself,
// before it does: see Conditional.
func (c *call) failsIfMatch() bool {
	if c.e.op.Method != http.MethodGet || c.status != http.StatusOK || len(c.r.Header["If-Match"]) == 0 {
		return false
	}
	tag := c.w.Header().Get("ETag")
	return tag != "" && !httpheader.MatchETag(httpheader.Value(c.r.Header, "If-Match"), tag, false)
}

// isNotModified reports whether the client has this version already (RFC 9110 section
// 13.1.2).
func (c *call) isNotModified(header http.Header) bool {
	tag := header.Get("ETag")
	list := httpheader.Value(c.r.Header, "If-None-Match")
	return tag != "" && list != "" && c.status == http.StatusOK && c.e.op.Method == http.MethodGet && httpheader.MatchETag(list, tag, true)
}

func bodyAllowed(status int) bool {
	return status >= http.StatusOK && status != http.StatusNoContent && status != http.StatusNotModified
}

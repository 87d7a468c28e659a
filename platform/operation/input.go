package operation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"app/platform/httpheader"
	"app/platform/operation/internal/strictjson"
	"app/platform/operation/internal/validation"
	"app/platform/problem"
	"app/platform/text"
)

type queryParameter struct{ name, value string }

// queryRule is what an operation says of a query parameter.
type queryRule struct{ many bool }

// checkParameters reads the query and looks at path, query and headers for what no
// declaration can mean: text that is not UTF-8, control characters, parameters that are
// unknown or given twice.
func (e *endpoint) checkParameters(c *call) (wrong []problem.Field) {
	for _, name := range e.params {
		if !isPrintable(c.Param(name)) {
			wrong = append(wrong, problem.Field{Pointer: "/" + name, Detail: "has characters that are not allowed"})
		}
	}
	for _, name := range e.header {
		if values := c.r.Header[name]; len(values) > 1 && !httpheader.IsList(name) {
			wrong = append(wrong, problem.Field{Pointer: "/" + name, Detail: "is given more than once"})
		} else if len(values) > 0 && !isPrintable(values[0]) {
			wrong = append(wrong, problem.Field{Pointer: "/" + name, Detail: "has characters that are not allowed"})
		}
	}
	if c.r.URL.RawQuery == "" {
		return wrong
	}
	return append(wrong, e.readQuery(c)...)
}

// maxPairs bounds the parameters of a query: each is looked up among those before it.
const maxPairs = 100

func (e *endpoint) readQuery(c *call) (wrong []problem.Field) {
	if strings.Count(c.r.URL.RawQuery, "&") >= maxPairs {
		return []problem.Field{{Pointer: "", Detail: "too many query parameters"}}
	}
	for pair := range strings.SplitSeq(c.r.URL.RawQuery, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		pointer := strictjson.Pointer("query." + strictjson.Protect(text.Valid(name)))
		rule, ok := e.query[name]
		switch {
		case err1 != nil || !ok:
			wrong = append(wrong, problem.Field{Pointer: pointer, Detail: "unknown query parameter"})
		case err2 != nil || !isPrintable(value):
			wrong = append(wrong, problem.Field{Pointer: pointer, Detail: "has characters that are not allowed"})
		case !rule.many && c.hasQuery(name):
			wrong = append(wrong, problem.Field{Pointer: pointer, Detail: "is given more than once"})
		default:
			c.queries = append(c.queries, queryParameter{name, value})
		}
	}
	return wrong
}

func (c *call) hasQuery(name string) bool {
	for i := range c.queries {
		if c.queries[i].name == name {
			return true
		}
	}
	return false
}

// isPrintable reports whether s is UTF-8 without control characters: databases refuse
// the one, logs and mails break on the other.
func isPrintable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

// takeBody reads the body as far as the operation wants it and checks it against the
// schema.
func (e *endpoint) takeBody(c *call) error {
	if e.body == nil && c.key == "" {
		return nil
	}
	if err := plainBody(c.r); err != nil {
		return err
	}
	c.in = getBuffer()
	if err := readBody(c.ctx, c.in, c.r, e.op.MaxBody); err != nil {
		return err
	}
	if e.body == nil {
		return nil
	}
	if c.in.Len() == 0 {
		if !e.spec.RequestBody.Required {
			return nil
		}
		return problem.New(http.StatusBadRequest, "body_missing", "The operation needs a JSON body.")
	}
	if !isJSON(c.r.Header["Content-Type"]) {
		p := problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as application/json.")
		return p.WithHeader("Accept", jsonType) // RFC 9110 section 15.5.16
	}
	tree, err := strictjson.Parse(c.in.Bytes())
	if err != nil {
		return malformedJSONProblem(err)
	}
	if fields := validation.Body(e.api.huma.OpenAPI().Components.Schemas, e.body, tree); len(fields) > 0 {
		return validationProblem(fields)
	}
	return nil
}

const jsonType = "application/json"

func isJSON(values []string) bool {
	if len(values) != 1 {
		return false
	}
	if values[0] == jsonType {
		return true
	}
	kind, params, err := mime.ParseMediaType(values[0])
	charset, given := params["charset"]
	return err == nil && kind == jsonType && (!given || strings.EqualFold(charset, "utf-8"))
}

func malformedJSONProblem(err error) error {
	p := problem.New(http.StatusBadRequest, "malformed_json", "The body is not well-formed JSON: "+err.Error()+".")
	var at *strictjson.Error
	if errors.As(err, &at) {
		p.Errors = []problem.Field{{Pointer: at.Pointer, Detail: at.Reason}}
	}
	return p
}

// ReadBody reads the whole body in a raw handler. Its errors are problems for
// problem.Write: too large, cut off, too slow.
func ReadBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	return body, problem.BodyError(r.Context(), err)
}

// readBody reads up to limit bytes.
func readBody(ctx context.Context, into *bytes.Buffer, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return problem.BodyTooLarge()
	}
	if r.Body == nil {
		return nil
	}
	if r.ContentLength > 0 {
		into.Grow(int(min(r.ContentLength, keptBuffer)) + bytes.MinRead)
	}
	n, err := into.ReadFrom(io.LimitReader(r.Body, limit+1))
	if n > limit {
		return problem.BodyTooLarge()
	}
	return problem.BodyError(ctx, err)
}

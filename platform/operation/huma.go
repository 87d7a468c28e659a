package operation

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"app/platform/operation/internal/strictjson"
	"app/platform/operation/internal/validation"
	"app/platform/problem"
)

// tameHuma sets what Huma keeps in package variables: its errors become problems, names
// are compared as they are written, and an array is never null. Once, before the first
// API: nobody else in the program uses Huma.
var tameHuma = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return problemFrom(status, message, errs)
	}
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return problemFrom(status, message, errs)
	}
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
})

// problemFrom makes a problem of an error of Huma's own.
func problemFrom(status int, message string, errs []error) *problem.Problem {
	switch status {
	case http.StatusUnprocessableEntity:
		return validationProblem(validation.Fields(errs))
	case http.StatusBadRequest:
		return problem.New(status, "malformed_json", "The body cannot be read.", validation.Fields(errs)...)
	}
	return problem.Of(fmt.Errorf("huma: %d %s: %w", status, message, errors.Join(errs...)))
}

// binding is the huma.API that one operation is registered with: Huma's, with the
// reading and writing of bodies and the routing replaced by the endpoint's.
type binding struct {
	huma.API
	e *endpoint
}

// Adapter implements huma.API.
func (b binding) Adapter() huma.Adapter { return adapter{b.e} }

// Negotiate implements huma.API: there is one format, whatever the client would rather
// have.
func (b binding) Negotiate(string) (string, error) { return jsonType, nil }

// Transform implements huma.API: nothing is added to a reply.
func (b binding) Transform(_ huma.Context, _ string, v any) (any, error) { return v, nil }

// Marshal implements huma.API. Errors reach it as values to write; they are kept for
// problem.Write instead.
func (b binding) Marshal(w io.Writer, _ string, v any) error {
	c, ok := w.(*call)
	if !ok {
		return fmt.Errorf("write reply: %T is not a call", w)
	}
	switch v := v.(type) {
	case *failure:
		c.err = v.error
		return nil
	case *problem.Problem:
		c.err = v
		return nil
	}
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	return nil
}

// Unmarshal implements huma.API. The data has passed the schema, so what fails now is a
// value that only Go refuses, such as an integer written as 1e3 or too large for the
// field.
func (b binding) Unmarshal(_ string, data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	pointer, text := "", "has a value that is not accepted"
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		pointer = strictjson.PointerAt(data, int(mismatch.Offset))
		if kind := mismatch.Type.Kind(); kind >= reflect.Int && kind <= reflect.Uint64 {
			text = "expected a whole number in digits, within the range of the field"
		}
	}
	return validation.At(pointer, text) //nolint:wrapcheck // Huma passes on only the message
}

// failure carries an error of the handler past Huma, which would log nothing and show
// its text.
type failure struct{ error }

// GetStatus implements huma.StatusError.
func (f *failure) GetStatus() int { return http.StatusInternalServerError }

// Unwrap gives the error.
func (f *failure) Unwrap() error { return f.error }

// adapter takes the handler that Huma makes.
type adapter struct{ e *endpoint }

// Handle implements huma.Adapter.
func (a adapter) Handle(spec *huma.Operation, handler func(huma.Context)) {
	a.e.spec, a.e.invoke = spec, handler
}

// ServeHTTP implements huma.Adapter.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.e.ServeHTTP(w, r) }

// humaOperation is the operation in Huma's terms.
func (e *endpoint) humaOperation() huma.Operation {
	op := e.op
	return huma.Operation{
		Method: op.Method, Path: op.Path, OperationID: op.ID, Summary: op.Summary, Description: op.Description,
		Tags: op.Tags, DefaultStatus: op.Status, Hidden: op.Undocumented, Security: securityRequirements(op),
		MaxBodyBytes: -1, BodyReadTimeout: -1, // the endpoint has read it
		SkipValidateBody: true, // likewise
	}
}

// loadSchemas takes over what Huma found out about input and output.
func (e *endpoint) loadSchemas() {
	if rb := e.spec.RequestBody; rb != nil && rb.Content[jsonType] != nil {
		e.body = rb.Content[jsonType].Schema
		e.rejectUnsafeSchema(e.body, map[*huma.Schema]bool{})
	} else if rb != nil {
		panic(fmt.Sprintf("operation %s: only JSON bodies; use API.Raw", e.op.ID))
	}
	e.query = map[string]queryRule{}
	for _, p := range e.spec.Parameters {
		switch p.In {
		case "query":
			e.query[p.Name] = queryRule{many: p.Explode != nil && *p.Explode}
		case "header":
			e.takeHeader(p.Name)
		case "path":
			if !slices.Contains(e.params, p.Name) {
				panic(fmt.Sprintf("operation %s: the path has no parameter %s", e.op.ID, p.Name))
			}
		default:
			panic(fmt.Sprintf("operation %s: parameter %s in %s is not supported", e.op.ID, p.Name, p.In))
		}
		checkParameter(e.op.ID, p)
	}
	e.documentOperation()
}

func (e *endpoint) takeHeader(name string) {
	name = http.CanonicalHeaderKey(name)
	if !e.op.Passes(name) {
		panic(fmt.Sprintf("operation %s: header %s does not reach a module; list it in Headers", e.op.ID, name))
	}
	e.header = append(e.header, name)
}

// checkParameter panics on kinds of parameters that Huma reads carelessly: small
// integers wrap around, and floats may be NaN or infinite.
func checkParameter(id string, p *huma.Param) {
	s := p.Schema
	if s.Format == "int32" || s.Type == huma.TypeNumber {
		panic(fmt.Sprintf("operation %s: parameter %s must be an int, int64, uint64, string or bool", id, p.Name))
	}
}

// rejectUnsafeSchema panics on what a schema must not ask for, because Huma panics on
// the input of a client instead.
func (e *endpoint) rejectUnsafeSchema(s *huma.Schema, seen map[*huma.Schema]bool) {
	for s != nil && s.Ref != "" {
		s = e.api.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	if s.UniqueItems {
		panic(fmt.Sprintf("operation %s: uniqueItems is not supported: check it in the service", e.op.ID))
	}
	for _, p := range s.Properties {
		e.rejectUnsafeSchema(p, seen)
	}
	e.rejectUnsafeSchema(s.Items, seen)
	if additional, ok := s.AdditionalProperties.(*huma.Schema); ok {
		e.rejectUnsafeSchema(additional, seen)
	}
}

// newConfig is Huma's configuration without its additions: no $schema in replies, no
// pages, no links.
func newConfig(module string) huma.Config {
	namer := func(t reflect.Type, hint string) string { return componentName(module, t, hint) }
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: "Souk", Version: "1"},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", namer)},
		},
		Formats: map[string]huma.Format{},
	}
}

// componentName puts the module in front of its own types, as in "catalog.Product", so
// that the documents of modules can be merged without renaming. Types of the platform,
// such as Money, are the same everywhere.
func componentName(module string, t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t == reflect.TypeFor[problem.Field]() {
		return "ProblemField" // the document's name for it, which is public
	}
	platform := strings.HasPrefix(t.PkgPath(), "app/platform/") && !strings.HasSuffix(t.PkgPath(), "_test")
	if platform && !strings.Contains(t.Name(), "[") {
		return name
	}
	return module + "." + name
}

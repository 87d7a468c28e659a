package operation

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"app/platform/identity"
	"app/platform/problem"
)

// securityRequirements says which schemes let a caller in; an empty entry is nobody in
// particular.
func securityRequirements(op Operation) []map[string][]string {
	out := []map[string][]string{}
	if op.Access == Public || op.Access == Loopback {
		return out
	}
	for _, scheme := range []string{"bearer", "password", "session"} {
		out = append(out, map[string][]string{scheme: {}})
	}
	if op.Scope != "" {
		out = append(out, map[string][]string{"apiKey": {string(op.Scope)}}) // roles of a scheme other than oauth2: OpenAPI 3.1
	}
	if op.Access == Optional {
		out = append(out, map[string][]string{identity.GuestScheme: {}}, map[string][]string{})
	}
	return out
}

// documentOperation adds to the operation's entry what follows from its declaration.
func (e *endpoint) documentOperation() {
	if e.spec == nil {
		e.documentRaw()
	}
	// Who may call: programs that are made from the document, such as the authorisation
	// matrix of the tests, read it.
	e.spec.Extensions = map[string]any{"x-access": string(e.op.Access)}
	if e.op.Scope != "" {
		e.spec.Extensions["x-scope"] = string(e.op.Scope)
	}
	if e.op.Idempotency != KeyNone {
		e.spec.Parameters = append(e.spec.Parameters, keyParameter(e.op.Idempotency == KeyRequired))
	}
	responses := e.spec.Responses
	delete(responses, "default")
	for _, status := range e.op.Also {
		responses[strconv.Itoa(status)] = e.alsoResponse(status)
	}
	for _, status := range e.failureStatuses() {
		code := strconv.Itoa(status)
		if responses[code] == nil {
			responses[code] = e.api.problemResponse(status)
		}
	}
	if e.readsVersions() {
		responses["304"] = &huma.Response{Description: http.StatusText(http.StatusNotModified)}
	}
}

// alsoResponse is the response of success under another status. A redirect has no body.
func (e *endpoint) alsoResponse(status int) *huma.Response {
	response := &huma.Response{}
	if success := e.spec.Responses[strconv.Itoa(e.spec.DefaultStatus)]; success != nil && status < http.StatusMultipleChoices {
		*response = *success
	}
	response.Description = http.StatusText(status)
	return response
}

// readsVersions reports whether the operation shows what has a version, which clients
// may make conditions about.
func (e *endpoint) readsVersions() bool {
	read := e.spec.Responses["200"]
	return e.op.Method == http.MethodGet && read != nil && read.Headers["ETag"] != nil
}

// documentRaw enters an operation that Huma knows nothing of.
func (e *endpoint) documentRaw() {
	spec := e.humaOperation()
	e.spec = &spec
	status := e.op.Status
	if status == 0 {
		status = http.StatusOK
	}
	spec.Responses = map[string]*huma.Response{strconv.Itoa(status): {Description: http.StatusText(status)}}
	for _, name := range e.params {
		spec.Parameters = append(spec.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if e.op.Reply != nil {
		schema := e.api.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(e.op.Reply), true, "")
		spec.Responses[strconv.Itoa(status)].Content = map[string]*huma.MediaType{jsonType: {Schema: schema}}
	}
	if len(e.op.Form) > 0 {
		spec.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{formType: {Schema: e.formSchema()}}}
	}
	if !e.op.Undocumented {
		e.api.huma.OpenAPI().AddOperation(e.spec)
	}
}

const formType = "application/x-www-form-urlencoded"

// formSchema is the schema of the form that a raw handler reads.
func (e *endpoint) formSchema() *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
	for _, f := range e.op.Form {
		s.Properties[f.Name] = &huma.Schema{Type: huma.TypeString, Description: f.Doc}
		if f.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s
}

// failureStatuses lists the statuses the operation may answer besides success, in
// order.
func (e *endpoint) failureStatuses() []int {
	out := append([]int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, e.op.Errors...)
	if e.op.Access == User || e.op.Access == Member || e.op.Access == Admin {
		out = append(out, http.StatusUnauthorized)
	}
	if e.op.Access == Admin || e.op.Scope != "" {
		out = append(out, http.StatusForbidden)
	}
	if len(e.params) > 0 {
		out = append(out, http.StatusNotFound)
	}
	if e.body != nil {
		out = append(out, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if len(e.op.Form) > 0 {
		out = append(out, http.StatusRequestEntityTooLarge)
	}
	if !e.op.Raw && (e.body != nil || len(e.spec.Parameters) > 0) {
		out = append(out, http.StatusUnprocessableEntity)
	}
	if e.op.Idempotency != KeyNone {
		out = append(out, http.StatusBadRequest, http.StatusConflict)
	}
	if slices.Contains(e.header, "If-Match") {
		out = append(out, http.StatusBadRequest, http.StatusPreconditionFailed)
	}
	if e.readsVersions() {
		out = append(out, http.StatusPreconditionFailed)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (a *API) problemResponse(status int) *huma.Response {
	registry := a.huma.OpenAPI().Components.Schemas
	return &huma.Response{
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: registry.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")}},
	}
}

func keyParameter(required bool) *huma.Param {
	longest := maxKey
	return &huma.Param{
		Name: keyHeader, In: "header", Required: required,
		Description: "A value of your own, such as a UUID. Repeated with the same value within 48 hours, the request does not run again: its first reply is sent again, with Idempotent-Replayed: true.",
		Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
	}
}

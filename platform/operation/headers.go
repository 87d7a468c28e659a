package operation

import (
	"net/http"
	"net/url"
	"strings"

	"app/platform/httpheader"
	"app/platform/problem"
	"app/platform/text"
)

// checkCondition refuses an If-Match that is there and says nothing: who sends one
// means to change a certain version, and without the condition the request would change
// any (RFC 9110 section 13.1.1).
func checkCondition(r *http.Request) error {
	if len(r.Header["If-Match"]) == 0 || httpheader.WellFormedETags(httpheader.Value(r.Header, "If-Match")) {
		return nil
	}
	return problem.New(http.StatusBadRequest, "precondition_malformed", "The header If-Match is empty or not a list of ETags. Nothing was changed.",
		problem.Field{Pointer: "/If-Match", Detail: "expected * or ETags in quotation marks"})
}

// plainBody refuses what no operation reads: a body in a content coding, such as gzip,
// and one of two content types. The answer names what would do (RFC 9110 section
// 15.5.16).
func plainBody(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	if coding := strings.TrimSpace(httpheader.Value(r.Header, "Content-Encoding")); coding != "" && !strings.EqualFold(coding, "identity") {
		p := problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as it is, without a content coding.")
		return p.WithHeader("Accept-Encoding", "identity")
	}
	if len(r.Header["Content-Type"]) > 1 {
		return problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "The header Content-Type is there more than once.")
	}
	return nil
}

// asText makes text of what a raw handler reads of a request besides its body: the
// values of headers, of the path and of the query are valid UTF-8 (text.Valid) when it
// sees them. Other handlers' input is refused instead: see checkParameters. The request
// and its headers must be the handler's own.
func asText(r *http.Request, parameters []string) {
	for _, values := range r.Header {
		for i, value := range values {
			values[i] = text.Valid(value)
		}
	}
	for _, name := range parameters {
		if value := r.PathValue(name); text.Valid(value) != value {
			r.SetPathValue(name, text.Valid(value))
		}
	}
	if query, err := url.QueryUnescape(r.URL.RawQuery); err == nil && text.Valid(query) == query {
		return
	}
	u := *r.URL
	u.RawQuery = textValues(r.URL.Query()).Encode()
	r.URL = &u
}

// ParseForm reads the form in the body of a raw handler's request into r.PostForm, with
// names and values that are valid UTF-8. Its error is a problem for problem.Write.
func ParseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return problem.New(http.StatusBadRequest, "malformed_form", "The form cannot be read.")
	}
	r.Form, r.PostForm = textValues(r.Form), textValues(r.PostForm)
	return nil
}

// textValues are the values as valid UTF-8.
func textValues(in url.Values) url.Values {
	out := make(url.Values, len(in))
	for name, values := range in {
		for _, value := range values {
			out.Add(text.Valid(name), text.Valid(value))
		}
	}
	return out
}

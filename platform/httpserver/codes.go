package httpserver

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"

	"app/platform/markup"
)

// problemsPath is where the page of ProblemsPage has to be mounted; the type of every
// problem points there.
const problemsPath = "/docs/problems"

// ProblemInfo explains one code to the people who meet it.
type ProblemInfo struct {
	Code   string
	Status int
	Title  string // a few words, the same each time
	Help   string // what to do about it
}

// catalogue holds the codes of the platform. Modules add theirs with API.Problems.
var catalogue = []ProblemInfo{
	{"malformed_json", 400, "Malformed JSON", "The body is not one well-formed JSON text: mind the position in the detail. Names may occur only once in an object, text must be UTF-8, and at most 64 levels may nest."},
	{"body_missing", 400, "Body missing", "Send the JSON body that the operation describes."},
	{"body_unreadable", 400, "Body unreadable", "The body ended before its announced length or was badly framed. Send the request again."},
	{"idempotency_key_missing", 400, "Idempotency-Key missing", "Send the header Idempotency-Key with a value of your own, such as a UUID, and the same value again when you repeat the request."},
	{"idempotency_key_invalid", 400, "Idempotency-Key invalid", "A key has 1 to 255 visible ASCII characters. A caller who is neither signed in nor has a Cart-Token needs at least 16, made at random."},
	{"malformed_form", 400, "Malformed form", "The body is not application/x-www-form-urlencoded."},
	{"precondition_malformed", 400, "If-Match malformed", "The header If-Match has an asterisk, or one or more ETags in quotation marks, as you got them. Nothing was changed."},
	{"malformed_request", 400, "Not HTTP", "The request is not well-formed HTTP/1.1: each line of a header ends with CR and LF, and a body has a Content-Length or is chunked, not both. A library that speaks it will do."},
	{"unauthenticated", 401, "Not signed in", "Send a valid access token: Authorization: Bearer …"},
	{"permission_denied", 403, "Not allowed", "You are signed in, but this is not yours to do."},
	{"cross_site_request", 403, "From another site", "A browser sent this in a visitor's name from a page of another site. Send it from the shop's own pages, or with an access token."},
	{"api_key_refused", 403, "Not for API keys", "This needs somebody who is signed in; no scope of an API key opens it."},
	{"second_factor_required", 403, "Second factor needed", "Administrators, and owners and managers of merchants, need a session with two factors. Set up a second factor (POST /v1/users/me/totp, or a passkey), or show the one you have (POST /v1/auth/step-up); then refresh the access token. A browser's session has it at once."},
	{"scope_required", 403, "Scope missing", "The API key was made without the scope that this operation needs. Make another key."},
	{"not_found", 404, "Not found", "There is nothing at this address, or nothing that you may see."},
	{"route_not_found", 404, "No such operation", "No operation has this path. The list is under /docs."},
	{"method_not_allowed", 405, "Method not allowed", "The path exists, but not for this method. The header Allow names those it has."},
	{"body_timeout", 408, "Body too slow", "The body did not arrive in time. Send it again."},
	{"already_exists", 409, "Already exists", "Something with this identity is there already."},
	{"aborted", 409, "Lost against another change", "Somebody changed the same thing at the same time. Read it and try again."},
	{"failed_precondition", 409, "Not in this state", "The thing is not in a state that allows this."},
	{"idempotency_in_flight", 409, "Request still running", "The first request with this Idempotency-Key is still running. Repeat it after Retry-After seconds to get its reply."},
	{"version_mismatch", 412, "Version mismatch", "What you want to change has changed since you read it. Read it again and send its new ETag in If-Match."},
	{"body_too_large", 413, "Body too large", "The body is longer than the operation accepts."},
	{"unsupported_media_type", 415, "Content type not supported", "Send the body as application/json in UTF-8, not compressed: no Content-Encoding."},
	{"expectation_failed", 417, "Expectation failed", "The header Expect may only say 100-continue."},
	{"validation_failed", 422, "Invalid values", "Each entry of errors points at a wrong value of the body, or names a parameter or header. Fields and query parameters that the operation does not know are refused."},
	{"idempotency_key_reused", 422, "Idempotency-Key used before", "The key belongs to an earlier, different request. Use a new one."},
	{"precondition_required", 428, "If-Match required", "Send the ETag of what you read in the header If-Match."},
	{"resource_exhausted", 429, "Too many requests", "A limit is used up. Try again after Retry-After seconds."},
	{"header_too_large", 431, "Header too large", "The header may have 16 KiB and 128 fields."},
	{"canceled", StatusClientClosedRequest, "Client gone", "The client went away before the reply."},
	{"internal", 500, "Internal error", "The fault is ours. Quote the request_id when you report it. With an Idempotency-Key it is safe to repeat the request."},
	{"unimplemented", 501, "Not implemented", "This is not available yet."},
	{"transfer_encoding_unknown", 501, "Transfer coding unknown", "The only transfer coding is chunked."},
	{"connections_exhausted", 503, "Too many connections", "The server, or your network's share of it, has no place for another connection. Keep connections open and use them again, and try again after Retry-After seconds."},
	{"unavailable", 503, "Unavailable", "Something we need does not answer. Try again after Retry-After seconds; with an Idempotency-Key nothing happens twice."},
	{"dependency_unavailable", 503, "Unavailable", "Something we need does not answer. Try again after Retry-After seconds; with an Idempotency-Key nothing happens twice."},
	{"module_down", 503, "Unavailable", "This part of the shop is down; the others work. Try again after Retry-After seconds."},
	{"http_version_unknown", 505, "HTTP version unknown", "The server speaks HTTP/1.1; what is in front of it may speak others."},
	{"deadline_exceeded", 504, "Took too long", "The work was not done in time. It may still be done: repeat the request with the same Idempotency-Key."},
	{"dependency_deadline_exceeded", 504, "Took too long", "Something we need was too slow. Repeat the request with the same Idempotency-Key."},
}

var titles = func() map[string]string {
	m := make(map[string]string, len(catalogue))
	for _, info := range catalogue {
		m[info.Code] = info.Title
	}
	return m
}()

// problemTitle names the kind of problem; a module's own code falls back to the status.
func problemTitle(code string, status int) string {
	if t, ok := titles[code]; ok {
		return t
	}
	if t := http.StatusText(status); t != "" {
		return t
	}
	return "Problem"
}

// defaultDetail is the detail where the error's own must not leave or is empty.
func defaultDetail(status int) string {
	switch status {
	case http.StatusInternalServerError:
		return "Something went wrong on our side."
	case http.StatusServiceUnavailable:
		return "Not available at the moment. Try again later."
	case http.StatusGatewayTimeout:
		return "The work was not done in time."
	case http.StatusUnauthorized:
		return "You have to sign in."
	}
	return ""
}

var problemsPage = markup.Must(markup.ParseHTML(markup.Source{Name: "problems", Text: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #1d1d1f; background: #fff }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .25rem }
h2 small { font-weight: normal; color: #55606e }
code { font-family: ui-monospace, monospace }
p { margin: .25rem 0 }
:target { background: #fff3c4 }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #16181c } h2 small { color: #9aa7b5 } :target { background: #4a3f12 }
}
</style>
</head>
<body>
<h1>Problems</h1>
<p>Every error reply is <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>; quote <code>request_id</code> when you ask for help.</p>
{{range .codes}}<h2 id="{{.code}}"><code>{{.code}}</code> <small>{{.status}} {{.title}}</small></h2>
<p>{{.help}}</p>
{{end}}</body>
</html>
`}))

// ProblemsPage serves the page that the type of every problem points to: the codes of
// the platform and of the modules. Mount it at /docs/problems.
func ProblemsPage(apis ...*API) http.Handler {
	infos := slices.Clone(catalogue)
	for _, a := range apis {
		infos = append(infos, a.problems...)
	}
	slices.SortStableFunc(infos, func(a, b ProblemInfo) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code))
	})
	infos = slices.CompactFunc(infos, func(a, b ProblemInfo) bool { return a.Code == b.Code && a.Status == b.Status })
	codes := make([]map[string]any, len(infos))
	for i, info := range infos {
		codes[i] = map[string]any{"code": info.Code, "status": strconv.Itoa(info.Status), "title": info.Title, "help": info.Help}
	}
	page, err := problemsPage.Execute("problems", map[string]any{"codes": codes})
	if err != nil {
		panic(err) // the template is part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", PagePolicy)
		_, _ = io.WriteString(w, page)
	})
}

package problem

import (
	"net/http"

	"app/platform/fault"
	"app/platform/identity"
)

// catalogue holds the codes of the platform. Page adds those of modules.
var catalogue = []fault.Reason{
	fault.NotSignedIn, fault.NotAllowed, fault.ScopeMissing, fault.ChangedMeanwhile, fault.OldVersion,
	{Code: "malformed_json", Status: 400, Title: "Malformed JSON", Help: "The body is not one well-formed JSON text: mind the position in the detail. Names may occur only once in an object, text must be UTF-8, and at most 64 levels may nest."},
	{Code: "body_missing", Status: 400, Title: "Body missing", Help: "Send the JSON body that the operation describes."},
	{Code: "body_unreadable", Status: 400, Title: "Body unreadable", Help: "The body ended before its announced length or was badly framed. Send the request again."},
	{Code: "idempotency_key_missing", Status: 400, Title: "Idempotency-Key missing", Help: "Send the header Idempotency-Key with a value of your own, such as a UUID, and the same value again when you repeat the request."},
	{Code: "idempotency_key_invalid", Status: 400, Title: "Idempotency-Key invalid", Help: "A key has 1 to 255 visible ASCII characters. A caller who is neither signed in nor has a " + identity.GuestHeader + " needs at least 16, made at random."},
	{Code: "malformed_form", Status: 400, Title: "Malformed form", Help: "The body is not application/x-www-form-urlencoded."},
	{Code: "precondition_malformed", Status: 400, Title: "If-Match malformed", Help: "The header If-Match has an asterisk, or one or more ETags in quotation marks, as you got them. Nothing was changed."},
	{Code: "malformed_request", Status: 400, Title: "Not HTTP", Help: "The request is not well-formed HTTP/1.1: each line of a header ends with CR and LF, and a body has a Content-Length or is chunked, not both. A library that speaks it will do."},
	{Code: "cross_site_request", Status: 403, Title: "From another site", Help: "A browser sent this in a visitor's name from a page of another site. Send it from the shop's own pages, or with an access token."},
	{Code: "api_key_refused", Status: 403, Title: "Not for API keys", Help: "This needs somebody who is signed in; no scope of an API key opens it."},
	{Code: "second_factor_required", Status: 403, Title: "Second factor needed", Help: "Administrators, and owners and managers of merchants, need a session with two factors. Set up a second factor (POST /v1/users/me/totp, or a passkey), or show the one you have (POST /v1/auth/step-up); then refresh the access token. A browser's session has it at once."},
	{Code: "not_found", Status: 404, Title: "Not found", Help: "There is nothing at this address, or nothing that you may see."},
	{Code: "route_not_found", Status: 404, Title: "No such operation", Help: "No operation has this path. The list is under /docs."},
	{Code: "method_not_allowed", Status: 405, Title: "Method not allowed", Help: "The path exists, but not for this method. The header Allow names those it has."},
	{Code: "body_timeout", Status: 408, Title: "Body too slow", Help: "The body did not arrive in time. Send it again."},
	{Code: "already_exists", Status: 409, Title: "Already exists", Help: "Something with this identity is there already."},
	{Code: "failed_precondition", Status: 409, Title: "Not in this state", Help: "The thing is not in a state that allows this."},
	{Code: "idempotency_in_flight", Status: 409, Title: "Request still running", Help: "The first request with this Idempotency-Key is still running. Repeat it after Retry-After seconds to get its reply."},
	{Code: "body_too_large", Status: 413, Title: "Body too large", Help: "The body is longer than the operation accepts."},
	{Code: "unsupported_media_type", Status: 415, Title: "Content type not supported", Help: "Send the body as application/json in UTF-8, not compressed: no Content-Encoding."},
	{Code: "expectation_failed", Status: 417, Title: "Expectation failed", Help: "The header Expect may only say 100-continue."},
	{Code: "validation_failed", Status: 422, Title: "Invalid values", Help: "Each entry of errors points at a wrong value of the body, or names a parameter or header. Fields and query parameters that the operation does not know are refused."},
	{Code: "idempotency_key_reused", Status: 422, Title: "Idempotency-Key used before", Help: "The key belongs to an earlier, different request. Use a new one."},
	{Code: "precondition_required", Status: 428, Title: "If-Match required", Help: "Send the ETag of what you read in the header If-Match."},
	{Code: "resource_exhausted", Status: 429, Title: "Too many requests", Help: "A limit is used up. Try again after Retry-After seconds."},
	{Code: "header_too_large", Status: 431, Title: "Header too large", Help: "The header may have 16 KiB and 128 fields."},
	{Code: "canceled", Status: StatusClientClosedRequest, Title: "Client gone", Help: "The client went away before the reply."},
	{Code: "internal", Status: 500, Title: "Internal error", Help: "The fault is ours. Quote the request_id when you report it. With an Idempotency-Key it is safe to repeat the request."},
	{Code: "unimplemented", Status: 501, Title: "Not implemented", Help: "This is not available yet."},
	{Code: "transfer_encoding_unknown", Status: 501, Title: "Transfer coding unknown", Help: "The only transfer coding is chunked."},
	{Code: "connections_exhausted", Status: 503, Title: "Too many connections", Help: "The server, or your network's share of it, has no place for another connection. Keep connections open and use them again, and try again after Retry-After seconds."},
	{Code: "unavailable", Status: 503, Title: "Unavailable", Help: "Something we need does not answer. Try again after Retry-After seconds; with an Idempotency-Key nothing happens twice."},
	{Code: "dependency_unavailable", Status: 503, Title: "Unavailable", Help: "Something we need does not answer. Try again after Retry-After seconds; with an Idempotency-Key nothing happens twice."},
	{Code: "module_down", Status: 503, Title: "Unavailable", Help: "This part of the shop is down; the others work. Try again after Retry-After seconds."},
	{Code: "http_version_unknown", Status: 505, Title: "HTTP version unknown", Help: "The server speaks HTTP/1.1; what is in front of it may speak others."},
	{Code: "deadline_exceeded", Status: 504, Title: "Took too long", Help: "The work was not done in time. It may still be done: repeat the request with the same Idempotency-Key."},
	{Code: "dependency_deadline_exceeded", Status: 504, Title: "Took too long", Help: "Something we need was too slow. Repeat the request with the same Idempotency-Key."},
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

package operation

import (
	"net/http"
	"strconv"

	"app/platform/fault"
	"app/platform/httpheader"
	"app/platform/ids"
	"app/platform/problem"
)

// Tagged is the output of an operation whose result has a version; embed it and set it
// with ETag. A GET whose If-None-Match names the tag is answered with 304 and no body.
type Tagged struct {
	ETag string `header:"ETag" doc:"Version of the result, for If-Match and If-None-Match"`
}

// Conditional is the input of an operation that changes something with a version; embed
// it.
type Conditional struct {
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"ETag of the version to change; 412 when it is not the current one"`
}

// ETag is the strong entity tag (RFC 9110 section 8.8.3) of a version.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Match checks If-Match against the current version: a fault VersionMismatch (412) when
// it names others only, nil when it was not sent.
func (c Conditional) Match(current int64) error {
	if c.IfMatch == "" || httpheader.MatchETag(c.IfMatch, ETag(current), false) {
		return nil
	}
	return fault.New(fault.VersionMismatch, "version_mismatch", "It has changed since you read it.")
}

// Need is Match for operations that nobody should run blindly: 428 when If-Match was
// not sent.
func (c Conditional) Need(current int64) error {
	if c.IfMatch == "" {
		return problem.New(http.StatusPreconditionRequired, "precondition_required", "Send the ETag of what you read in If-Match.")
	}
	return c.Match(current)
}

// PathID checks an id of the path before it is looked up: a fault that points at the
// parameter when the id is not well formed or not of the kind, such as PathID("id",
// "ord", in.ID).
func PathID(parameter, prefix, id string) error {
	if ids.Valid(prefix, id) {
		return nil
	}
	return fault.Invalid(fault.Field{Pointer: "/" + parameter, Detail: "expected an id that begins with " + prefix + "_"})
}

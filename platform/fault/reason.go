package fault

import "fmt"

// Reason declares one stable code once: what a program decides by, and what people read
// about it. Whoever throws it uses the value, so that no code is spelled twice:
//
//	var SlugTaken = fault.Reason{Kind: fault.AlreadyExists, Code: "slug_taken", ...}
//
//	return reason.SlugTaken.New()
//
// A reason that reaches the public API has a Title and a Help, and its module gives it
// to API.Problems, which puts it on the page of problems. One without them is only for
// callers of the module's contract.
type Reason struct {
	// Kind is the code of the faults that New makes; the status of the public API
	// follows from it.
	Kind Code
	// Code is the token, such as "slug_taken". It is public and never changes.
	Code string
	// Status is the HTTP status of a problem that is no fault, because HTTP itself was
	// used wrongly. Zero: that of Kind.
	Status int
	// Detail is the sentence for whoever called the public API, unless Newf says more.
	Detail string
	// Title names the kind of problem in a few words, Help says what to do about it.
	Title, Help string
}

// New makes a fault of this reason with its own detail.
func (r Reason) New() *Error { return New(r.Kind, r.Code, r.Detail) }

// Newf makes a fault of this reason with a detail of this one time.
func (r Reason) Newf(format string, args ...any) *Error {
	return New(r.Kind, r.Code, fmt.Sprintf(format, args...))
}

// Worded is the same reason for a module that passes it on to its own clients: the code
// stays where it is declared, and they read what they can do about it.
func (r Reason) Worded(detail, title, help string) Reason {
	r.Detail, r.Title, r.Help = detail, title, help
	return r
}

// Matches reports whether err is a fault of this reason, one's own or that of a module
// that was called.
func (r Reason) Matches(err error) bool { return err != nil && ReasonOf(err) == r.Code }

// The reasons that modules share with the platform. They are on the page of problems
// without being given to API.Problems.
var (
	// NotSignedIn refuses whoever has no principal.
	NotSignedIn = Reason{
		Kind: Unauthenticated, Code: "unauthenticated", Detail: "You have to sign in.",
		Title: "Not signed in", Help: "Send a valid access token: Authorization: Bearer …",
	}
	// NotAllowed refuses a principal that may never do this.
	NotAllowed = Reason{
		Kind: PermissionDenied, Code: "permission_denied", Detail: "You may not do this.",
		Title: "Not allowed", Help: "You are signed in, but this is not yours to do.",
	}
	// ScopeMissing refuses an API key without the scope that the operation needs.
	ScopeMissing = Reason{
		Kind: PermissionDenied, Code: "scope_required", Detail: "The API key lacks a scope.",
		Title: "Scope missing", Help: "The API key was made without the scope that this operation needs. Make another key.",
	}
	// ChangedMeanwhile is the end of whoever lost against a concurrent change.
	ChangedMeanwhile = Reason{
		Kind: Aborted, Code: "aborted", Detail: "It was changed by others at the same time. Try again.",
		Title: "Lost against another change", Help: "Somebody changed the same thing at the same time. Read it and try again.",
	}
	// OldVersion refuses a change whose If-Match names another version.
	OldVersion = Reason{
		Kind: VersionMismatch, Code: "version_mismatch", Detail: "It has changed since you read it.",
		Title: "Version mismatch", Help: "What you want to change has changed since you read it. Read it again and send its new ETag in If-Match.",
	}
)

// ProviderNotFound refuses a request whose path names a company outside, such as one
// where people sign in or pay, that is not in the configuration. Each module that throws
// it gives it to API.Problems.
var ProviderNotFound = Reason{
	Kind: NotFound, Code: "provider_not_found", Detail: "There is no provider of this name.",
	Title: "No such provider", Help: "The shop is not configured for a provider of this name.",
}

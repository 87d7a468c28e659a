// Package reason declares the codes of the gateway's own replies, each once.
package reason

import (
	"net/http"

	"app/platform/fault"
)

// Of requests.
var (
	// PathNotCanonical refuses paths that a proxy and a module might read differently.
	PathNotCanonical = fault.Reason{
		Code: "path_not_canonical", Status: http.StatusBadRequest, Title: "Path not canonical",
		Help: "The path has more than one reading: leave out empty and dot segments, backslashes and semicolons, " +
			"and do not escape letters, digits, dots, slashes or percent signs.",
	}
	PageNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "page_not_found", Detail: "There is no such page.",
		Title: "No such page", Help: "There is no page at this address. The pages begin at /docs.",
	}
	OriginNotAllowed = fault.Reason{
		Code: "origin_not_allowed", Status: http.StatusForbidden, Detail: "Pages of this origin may not use the API.",
		Title: "Origin not allowed",
		Help:  "Pages of this origin may not use the API from a browser. The shop's operator lists origins in CORS_ORIGINS.",
	}
)

// Of whoever calls.
var (
	TokenInvalid = fault.Reason{
		Kind: fault.Unauthenticated, Code: "token_invalid", Detail: "The access token is not valid: sign in again or refresh it.",
		Title: "Access token not valid", Help: "It has run out, its session has ended, or it is not ours: refresh it, or sign in again.",
	}
	APIKeyInvalid = fault.Reason{
		Kind: fault.Unauthenticated, Code: "api_key_invalid", Detail: "The API key is unknown, revoked or has run out.",
		Title: "API key not valid", Help: "The key is unknown, revoked or has run out: make another.",
	}
	// RevocationsUnavailable refuses credentials while the gateway cannot know which of
	// them have been revoked.
	RevocationsUnavailable = fault.Reason{
		Kind: fault.Unavailable, Code: "revocations_unavailable",
		Detail: "Whether you are still signed in cannot be checked at the moment.",
		Title:  "Sign-in cannot be checked",
		Help:   "The part of the shop that knows which credentials were revoked is down. Try again in a few seconds.",
	}
)

// Of load.
var (
	RateLimited = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "rate_limited", Detail: "Too many requests. Try again after the time in Retry-After.",
		Title: "Too many requests",
		Help:  "The limit in RateLimit-Policy is used up. Try again after Retry-After seconds; RateLimit says what is left.",
	}
	TooManyAtOnce = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "too_many_at_once", Detail: "Too many requests at the same time. Wait for the replies.",
		Title: "Too many requests at the same time",
		Help:  "Your network has many requests in progress already. Wait for their replies before you send more.",
	}
	// Overloaded is the answer while the whole gateway serves as many requests as it can.
	Overloaded = fault.Reason{
		Kind: fault.Unavailable, Code: "overloaded", Detail: "The shop serves as many requests as it can.",
		Title: "Overloaded", Help: "The shop serves as many requests as it can. Try again after Retry-After seconds.",
	}
	// ModuleBusy is the answer while one module does.
	ModuleBusy = fault.Reason{
		Kind: fault.Unavailable, Code: "module_busy", Detail: "This part of the shop serves as many requests as it can.",
		Title: "Overloaded",
		Help:  "This part of the shop serves as many requests as it can; the others work. Try again after Retry-After seconds.",
	}
	// ModuleGone is the answer when a module broke off after the request had reached it.
	ModuleGone = fault.Reason{
		Kind: fault.Unavailable, Code: "module_gone",
		Detail: "This part of the shop broke off. With an Idempotency-Key it is safe to repeat the request.",
		Title:  "Broken off",
		Help:   "This part of the shop broke off before its reply. With an Idempotency-Key it is safe to repeat the request.",
	}
)

// All lists the gateway's reasons for the page of problems.
func All() []fault.Reason {
	return []fault.Reason{
		PathNotCanonical, PageNotFound, OriginNotAllowed,
		TokenInvalid, APIKeyInvalid, RevocationsUnavailable,
		RateLimited, TooManyAtOnce, Overloaded, ModuleBusy, ModuleGone,
	}
}

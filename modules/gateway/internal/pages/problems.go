package pages

import "app/platform/fault"

// problems are the codes of the gateway's own replies.
var problems = []fault.Reason{
	{Code: "path_not_canonical", Status: 400, Title: "Path not canonical", Help: "The path has more than one reading: leave out empty and dot segments, backslashes and semicolons, and do not escape letters, digits, dots, slashes or percent signs."},
	{Code: "token_invalid", Status: 401, Title: "Access token not valid", Help: "It has run out, its session has ended, or it is not ours: refresh it, or sign in again."},
	{Code: "api_key_invalid", Status: 401, Title: "API key not valid", Help: "The key is unknown, revoked or has run out: make another."},
	{Code: "origin_not_allowed", Status: 403, Title: "Origin not allowed", Help: "Pages of this origin may not use the API from a browser. The shop's operator lists origins in CORS_ORIGINS."},
	{Code: "rate_limited", Status: 429, Title: "Too many requests", Help: "The limit in RateLimit-Policy is used up. Try again after Retry-After seconds; RateLimit says what is left."},
	{Code: "too_many_at_once", Status: 429, Title: "Too many requests at the same time", Help: "Your network has many requests in hand already. Wait for their replies before you send more."},
	{Code: "overloaded", Status: 503, Title: "Overloaded", Help: "The shop has all its hands full. Try again after Retry-After seconds."},
	{Code: "module_busy", Status: 503, Title: "Overloaded", Help: "This part of the shop has all its hands full; the others work. Try again after Retry-After seconds."},
	{Code: "module_gone", Status: 503, Title: "Broken off", Help: "This part of the shop broke off before its reply. With an Idempotency-Key it is safe to repeat the request."},
}

package httpheader

import "net/http"

// strictTransport tells browsers to come over TLS only, for two years, also to what
// lies below the host (RFC 6797; ASVS 3.4.1 asks for one year at least).
const strictTransport = "max-age=63072000; includeSubDomains"

// PagePolicy is the Content-Security-Policy of a page without scripts that has its
// style in itself.
const PagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// SecurityHeaders are what every reply of a public listener says to browsers unless its
// handler says otherwise, as pages do that need a wider Content-Security-Policy. https
// reports whether people come over TLS, which ends before this process.
func SecurityHeaders(https bool) http.Header {
	h := http.Header{
		// What is served is data, and never part of a page.
		"Content-Security-Policy": {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		"X-Content-Type-Options":  {"nosniff"},
		"X-Frame-Options":         {"DENY"}, // for browsers that do not know frame-ancestors
		// Addresses may hold codes. Not no-referrer: with that a form's request has the
		// Origin null.
		"Referrer-Policy":              {"same-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
	}
	if https {
		h["Strict-Transport-Security"] = []string{strictTransport}
	}
	return h
}

// Package problem is the one form of every error reply (problem+json, RFC 9457): what a
// client may see of an error, the catalogue of the platform's codes, and the page that
// explains them. Status, code, body, Retry-After and log line are decided here, for
// modules and listeners alike.
package problem

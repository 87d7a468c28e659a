// Package httpserver listens: it takes connections within limits, refuses what is not
// HTTP, counts and logs each request in one line, and drains when the process ends. What
// the requests are for is the handler's: see packages operation and problem.
package httpserver

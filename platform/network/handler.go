package network

import (
	"bytes"
	"net/http"
)

// Handler serves requests behind the link. What is lost, whether next has seen it or
// not, is a connection that breaks without an answer.
func (l *Link) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply := &reply{to: w, header: http.Header{}, status: http.StatusOK}
		err := l.Carry(r.Context(), func() error {
			next.ServeHTTP(reply, r)
			return nil
		})
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		reply.writeTo(w)
	})
}

// reply is a response that may still be lost.
type reply struct {
	to      http.ResponseWriter
	header  http.Header
	status  int
	begun   bool
	content bytes.Buffer
}

// Unwrap lets the operation tell the listener what it serves.
func (r *reply) Unwrap() http.ResponseWriter { return r.to }

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *reply) WriteHeader(status int) {
	if !r.begun && status >= http.StatusOK {
		r.status, r.begun = status, true
	}
}

// Write implements http.ResponseWriter.
func (r *reply) Write(data []byte) (int, error) {
	r.begun = true
	return r.content.Write(data)
}

func (r *reply) writeTo(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.content.Bytes()) // the gateway may have gone
}

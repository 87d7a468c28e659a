package httpserver

import (
	"context"
	"net"
	"net/http"
	"time"
)

type bornKey struct{}

// born notes in the context of a connection's requests when it was opened.
func born(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, bornKey{}, time.Now())
}

// ageing asks the clients of connections older than MaxAge to open others.
func (s *Server) ageing(next http.Handler) http.Handler {
	if s.MaxAge <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, ok := r.Context().Value(bornKey{}).(time.Time); ok && time.Since(at) > s.MaxAge {
			w.Header()["Connection"] = []string{"close"}
		}
		next.ServeHTTP(w, r)
	})
}

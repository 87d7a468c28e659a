package httpserver

import (
	"net/http"
	"time"
)

// ageing asks the clients of connections older than MaxAge to open others.
func (s *Server) ageing(next http.Handler) http.Handler {
	if s.MaxAge <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connectionOf(r); c != nil && time.Since(c.born) > s.MaxAge {
			w.Header()["Connection"] = []string{"close"}
		}
		next.ServeHTTP(w, r)
	})
}

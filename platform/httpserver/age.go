package httpserver

import (
	"net/http"
	"time"
)

// closeAgedConnections asks the clients of connections older than MaxAge to open
// others.
func (s *Server) closeAgedConnections(next http.Handler) http.Handler {
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

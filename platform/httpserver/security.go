package httpserver

import (
	"maps"
	"net/http"
)

// withConnectionChecks wraps the handler of every request: the connection knows that it
// is at work, and the reply begins with the server's headers.
func (s *Server) withConnectionChecks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connectionOf(r); c != nil {
			c.handled.Store(true)
			switch {
			case c.lines.hasTooManyLines():
				s.refuseHere(w, http.StatusRequestHeaderFieldsTooLarge)
				return
			case c.lines.isAmbiguous(r.ProtoMinor):
				s.refuseHere(w, http.StatusBadRequest)
				return
			case !c.lines.ended:
				// It came together with the request before it (pipelining), so nobody
				// has looked at its framing: nothing that follows is believed to be a
				// request.
				w.Header()["Connection"] = []string{"close"}
			}
		}
		maps.Copy(w.Header(), s.Headers)
		next.ServeHTTP(w, r)
	})
}

// refuseHere answers in place of the handler.
func (s *Server) refuseHere(w http.ResponseWriter, status int) {
	header, body := s.newProblemReply(status)
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone is nobody's concern
}

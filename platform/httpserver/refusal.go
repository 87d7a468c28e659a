package httpserver

import (
	"bytes"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"app/platform/callctx"
	"app/platform/ids"
	"app/platform/problem"
)

// refusals are what net/http answers to requests that never reach a handler.
var refusals = map[int]struct{ code, detail string }{
	http.StatusBadRequest:                  {"malformed_request", "The request is not well-formed HTTP."},
	http.StatusExpectationFailed:           {"expectation_failed", "The header Expect may only say 100-continue."},
	http.StatusRequestHeaderFieldsTooLarge: {"header_too_large", "The header has more than 16 KiB or 128 fields."},
	http.StatusNotImplemented:              {"transfer_encoding_unknown", "The only transfer coding is chunked."},
	http.StatusHTTPVersionNotSupported:     {"http_version_unknown", "This server speaks HTTP/1.1."},
	http.StatusServiceUnavailable:          {"connections_exhausted", "There are too many connections. Try again later."},
}

// replacePlainReply is what leaves in place of an answer that net/http wrote itself:
// the same status as a problem. What the request was is not known, so nothing of it is
// in the answer.
func (s *Server) replacePlainReply(plain []byte, headerLines bool) []byte {
	status := http.StatusBadRequest
	if headerLines {
		status = http.StatusRequestHeaderFieldsTooLarge
	} else if _, rest, ok := bytes.Cut(plain, []byte(" ")); ok && len(rest) >= 3 {
		if n, err := strconv.Atoi(string(rest[:3])); err == nil {
			status = n
		}
	}
	return s.renderProblemReply(status)
}

// renderProblemReply renders a whole reply, after which the connection is closed, and
// logs it.
func (s *Server) renderProblemReply(status int) []byte {
	header, body := s.newProblemReply(status)
	header["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	var out bytes.Buffer
	out.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	_ = header.Write(&out) // a buffer takes everything
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes()
}

// newProblemReply makes header and body of a refusal, and logs it.
func (s *Server) newProblemReply(status int) (header http.Header, body []byte) {
	known, ok := refusals[status]
	if !ok {
		known = refusals[http.StatusBadRequest]
	}
	p := problem.New(status, known.code, known.detail)
	p.RequestID = ids.New("req", time.Now())
	s.Logger.Info("request refused", slog.Int("status", status), slog.String("code", p.Code), slog.String("request_id", p.RequestID))
	if header = s.Headers.Clone(); header == nil {
		header = http.Header{}
	}
	body = p.Render(header)
	header["Connection"] = []string{"close"}
	header[callctx.RequestIDHeader] = []string{p.RequestID}
	return header, body
}

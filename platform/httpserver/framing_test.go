package httpserver_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"app/platform/httpserver"
)

// A request whose end a proxy in front may see elsewhere is refused, and the connection
// is closed.
func TestFault29_DoubtfulFraming(t *testing.T) {
	t.Parallel()
	s := limited(t, &httpserver.Server{})
	const post, chunk = "POST / HTTP/1.1\r\nHost: x\r\n", "\r\n1\r\na\r\n0\r\n\r\n"
	for name, request := range map[string]string{
		"LengthAndCoding":  post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" + chunk,
		"CodingAndLength":  post + "transfer-encoding:chunked\r\nX: y\r\nCONTENT-LENGTH:1\r\n" + chunk,
		"CodingUnderHTTP1": "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + chunk,
		"BareLF":           "GET / HTTP/1.1\nHost: x\n\n",
		"OneBareLF":        "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
		"BareLFAtTheEnd":   "GET / HTTP/1.1\r\nHost: x\r\n\n",
		"BareLFAfterLine":  "GET / HTTP/1.1\nHost: x\r\n\r\n",
		"BareCR":           "GET / HTTP/1.1\r\nHost: x\r\nX: y\rZ: 1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, pieces := range [][]string{{request}, strings.SplitAfter(request, ":"), strings.SplitAfter(request, "\r")} {
				conn := dial(t, s)
				for _, piece := range pieces {
					_, _ = io.WriteString(conn, piece)
				}
				if p, _ := problemIn(t, conn); p.Status != http.StatusBadRequest || p.Code != "malformed_request" {
					t.Errorf("%+v", p)
				}
			}
		})
	}
	t.Run("BareLFInChunks", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s)
		_, _ = io.WriteString(conn, post+"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n")
		reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || !reply.Close {
			t.Errorf("the connection stays: %+v, %v", reply, err)
		}
	})
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s)
		reader := bufio.NewReader(conn)
		for _, request := range []string{
			post + "Transfer-Encoding: chunked\r\n" + chunk, post + "Content-Length: 1\r\n\r\na", post + "X-Content-Length: 1\r\nX: content-length:\r\nTransfer-Encoding: chunked\r\n" + chunk,
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n", post + "Content-Length: 20\r\n\r\ntransfer-encoding:\n\n",
		} {
			_, _ = io.WriteString(conn, request)
			reply, err := http.ReadResponse(reader, nil)
			if err != nil || reply.StatusCode != http.StatusOK || reply.Close {
				t.Fatalf("%q: %+v, %v", request, reply, err)
			}
			_, _ = io.Copy(io.Discard, reply.Body)
		}
	})
	t.Run("PipelinedIsTheLast", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s)
		smuggled := post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" + chunk
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"+smuggled+smuggled)
		all, _ := io.ReadAll(conn)
		if n := strings.Count(string(all), "HTTP/1.1 "); n != 2 || strings.Count(string(all), "Connection: close") != 1 {
			t.Errorf("%d replies: %s", n, all)
		}
	})
}

package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// Request is the one HTTP request that an assertion is for, as it is on the wire.
type Request struct {
	Method string
	Target string      // path and query as in the request line: http.Request.RequestURI where it arrives
	Header http.Header // whose fields of the list bound count
	Body   []byte      // all of it
}

// bound are the fields of a request between processes that decide what it does, besides
// method, target and body. A request with other values for them, or without one of
// them, is another request. Fields that a transport adds by itself are not here; the
// module called is in the assertion.
var bound = [...]string{
	"Authorization", GuestHeader, "Cookie", "Idempotency-Key", "If-Match", "If-None-Match",
	"Souk-Client", "Souk-Client-Network", "Souk-Contract", "Souk-Idempotency",
}

// digestLength is that of a SHA-256 in base64 without padding.
const digestLength = (sha256.Size*8 + 5) / 6

// hashRequest is the SHA-256 of the request: method, target, the bound fields a line
// each, an empty line, the body. None of what stands before the body can have a line
// end on the wire, so that no two requests are written alike. It is good until the
// draft is used again.
func (d *draft) hashRequest(r Request) []byte {
	head := append(append(append(d.head[:0], r.Method...), ' '), r.Target...)
	head = append(head, '\n')
	for _, name := range bound {
		for _, value := range r.Header[name] {
			head = append(append(append(append(head, name...), ':'), value...), '\n')
		}
	}
	head = append(head, '\n')
	d.head = head
	d.hash.Reset()
	d.hash.Write(d.head)
	d.hash.Write(r.Body)
	base64.RawURLEncoding.Encode(d.text[:], d.hash.Sum(d.sum[:0]))
	return d.text[:]
}

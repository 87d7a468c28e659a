package dispatch

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"app/platform/problem"
)

// grown is how much of a body is believed to come before it does.
const grown = 32 << 10

// readWholeBody reads the client's body, which the edge has bounded by what the
// operation accepts: the assertion is for all of it, and stands before it. A client
// that is slow keeps nothing of the module waiting. The error is one to answer with.
func readWholeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	var text bytes.Buffer
	text.Grow(int(min(max(r.ContentLength, 0), grown)) + bytes.MinRead)
	if _, err := text.ReadFrom(r.Body); err != nil {
		return nil, problem.BodyError(r.Context(), err)
	}
	return text.Bytes(), nil
}

// setRequestBody gives an outgoing request the body that was read. net/http has nothing
// to replay it by.
func setRequestBody(r *http.Request, body []byte) {
	r.Body, r.ContentLength, r.TransferEncoding, r.GetBody = http.NoBody, int64(len(body)), nil, nil
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// errUsed is a reply to a request with a body that says that its assertion was used:
// nobody here sends one twice.
var errUsed = errors.New("the module has had the assertion of this request before")

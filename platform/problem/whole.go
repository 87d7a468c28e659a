package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// errHalf is a request of which a server of ours says that it did not arrive whole, or
// that its client left.
var errHalf = errors.New("the connection broke off in the request")

// maxHalf bounds in bytes the problem that says so; longer replies say something else.
const maxHalf = 4 << 10

// Whole returns an error when a reply of another process's server blames a request for
// having been cut short or garbled, or its client for having left. To one that sent a
// whole request and is still there, it is the way between the two that broke off.
// Otherwise the reply can be read as before.
func Whole(reply *http.Response) error {
	if reply.StatusCode == StatusClientClosedRequest {
		return errHalf
	}
	if reply.StatusCode != http.StatusBadRequest || !reply.Close || !strings.HasPrefix(reply.Header.Get("Content-Type"), ContentType) {
		return nil
	}
	start, err := io.ReadAll(io.LimitReader(reply.Body, maxHalf))
	if err != nil {
		return fmt.Errorf("reply breaks off: %w", err)
	}
	var said struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(start, &said) // what cannot be read has no code
	if said.Code == "malformed_request" || said.Code == "body_unreadable" {
		return errHalf
	}
	reply.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), reply.Body), reply.Body}
	return nil
}

package connections

import (
	"context"
	"net/http"
)

// Link loses and delays requests; see rpc.Link.
type Link interface {
	// Carry sends a request and brings back the answer, or fails: then send may have
	// run or not.
	Carry(ctx context.Context, send func() error) error
}

// Linked is a transport behind a link. To the caller, what the link loses is a
// connection that broke.
type Linked struct {
	Link Link
	Next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (l Linked) RoundTrip(r *http.Request) (*http.Response, error) {
	var response *http.Response
	sent := false
	err := l.Link.Carry(r.Context(), func() (err error) {
		sent = true
		response, err = l.Next.RoundTrip(r) //nolint:bodyclose // its reader does, or the lines below
		return err
	})
	if err == nil {
		return response, nil
	}
	switch {
	case !sent && r.Body != nil:
		_ = r.Body.Close() // as a transport has to
	case response != nil:
		_ = response.Body.Close()
	}
	return nil, err
}

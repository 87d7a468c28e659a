package rpc

import (
	"context"
	"net/http"
)

// Link stands before the calls of an edge, in simulations of what a network does to
// them and in tests.
type Link interface {
	// Carry sends a request to another process and brings back the answer, or fails:
	// then send may have run or not. Calls within a process are not carried.
	Carry(ctx context.Context, send func() error) error
	// Twice is asked after each call that the contract says may be repeated. When it is
	// true the call is made once more, and its caller gets the second answer.
	Twice() bool
	// Repeated is told of each second attempt, whatever it was made for.
	Repeated()
}

// linked is a transport behind a link. To the caller, what the link loses is a
// connection that broke.
type linked struct {
	link Link
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (l linked) RoundTrip(r *http.Request) (*http.Response, error) {
	var response *http.Response
	sent := false
	err := l.link.Carry(r.Context(), func() (err error) {
		sent = true
		response, err = l.next.RoundTrip(r) //nolint:bodyclose // its reader does, or the lines below
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

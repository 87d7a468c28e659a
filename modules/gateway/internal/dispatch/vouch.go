package dispatch

import (
	"maps"
	"net/http"

	"app/platform/callctx"
	"app/platform/identity"
)

// attempts bounds how often a request is vouched for: net/http repeats one by itself
// when the connection that it was to use turns out to be closed, and the module may
// have had the first.
const attempts = 3

// vouching is the transport to one module. It puts an assertion on every request, for
// that request as it leaves.
type vouching struct {
	module string
	signer *identity.Signer
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (v *vouching) RoundTrip(r *http.Request) (*http.Response, error) {
	with, _ := r.Context().Value(outgoingKey{}).(*outgoing)
	target := r.URL.RequestURI()
	for n := 1; ; n++ {
		if err := v.signAssertion(r, target, with.body); err != nil {
			return nil, err
		}
		reply, err := v.next.RoundTrip(r)
		if err != nil || reply.StatusCode != http.StatusUnauthorized || reply.Header.Get(identity.AssertionHeader) != identity.AssertionUsed {
			return reply, err //nolint:wrapcheck // net/http's contract
		}
		_ = reply.Body.Close() // it says no more than its header
		if len(with.body) > 0 || n == attempts {
			return nil, errUsed
		}
		r = r.WithContext(r.Context())
		r.Header = maps.Clone(r.Header) // net/http may still read the other
	}
}

func (v *vouching) signAssertion(r *http.Request, target string, body []byte) error {
	ctx := r.Context()
	token, err := v.signer.Sign(identity.Assertion{
		Caller: "gateway", Audience: v.module, RequestID: callctx.RequestID(ctx), Principal: identity.FromContext(ctx),
	}, identity.Request{Method: r.Method, Target: target, Header: r.Header, Body: body})
	if err != nil {
		return err
	}
	r.Header[identity.AssertionHeader] = []string{token}
	return nil
}

package ceremony

import (
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/webauthn"
)

// NewWebAuthn makes what checks passkeys. They belong to the host name of the address; an
// address in digits can have none, and there is nil.
func NewWebAuthn(publicURL string) *webauthn.WebAuthn {
	u, err := url.Parse(publicURL)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: u.Hostname(), RPOrigins: []string{u.Scheme + "://" + u.Host},
	})
	if err != nil {
		return nil
	}
	return w
}

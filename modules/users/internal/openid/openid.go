// Package openid speaks OpenID Connect with the providers that people may sign in at:
// where to send a browser, and whose answer it comes back with. It keeps nothing of
// anybody: state and nonce are the caller's.
package openid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Provider is one as it is configured.
type Provider struct {
	Name     string // in paths, such as "google"
	Title    string // for people
	Issuer   string // exactly as the provider spells it
	ClientID string
	Secret   string
	Redirect string // our address for its answers
	// TwoFactorACR and TwoFactorAMR are values of the claims acr and amr (OpenID
	// Connect Core section 2, RFC 8176) with which the provider says that somebody has
	// shown two factors. Without them, whatever it says, its answers are one factor
	// (ASVS 6.8.4).
	TwoFactorACR, TwoFactorAMR []string
}

// Errors of a provider's answer.
var (
	// ErrUnavailable: the provider cannot be reached, or makes no sense now.
	ErrUnavailable = errors.New("provider unavailable")
	// ErrRefused: what came back is not a valid answer to what was asked.
	ErrRefused = errors.New("provider's answer refused")
)

const (
	// patience bounds one request to a provider.
	patience = 8 * time.Second
	// metadataFor is how long what a provider says of itself is believed; its keys are
	// read again when an unknown one signs.
	metadataFor = time.Hour
	// failureFor is how long a provider that could not be reached is not asked again:
	// people who press the button meanwhile are told at once.
	failureFor = 3 * time.Second
	// Skew is how far a provider's clock may be from ours.
	Skew = time.Minute
	// maxAnswer bounds what is read of a provider's answer.
	maxAnswer = 1 << 20
)

// algorithms are the signatures that are accepted, of those that the provider names:
// all asymmetric, and never none (RFC 8725 section 3.1).
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// Client asks one provider. Safe for concurrent use.
type Client struct {
	Provider

	now  func() time.Time
	http *http.Client

	mu       sync.Mutex
	known    *metadata
	failed   error
	failedAt time.Time
}

// metadata is what the provider says of itself.
type metadata struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	readAt   time.Time
	// style is how it wants our secret.
	style oauth2.AuthStyle
	// namesItself: its answers have the parameter iss (RFC 9207 section 3).
	namesItself bool
}

// NewClient makes a client. It asks nothing: a provider that is down must not keep the
// shop from starting.
func NewClient(p Provider, now func() time.Time) *Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}
	return &Client{Provider: p, now: now, http: &http.Client{
		Timeout: patience, Transport: bounded{transport},
		// What a provider says of itself names every address; one that sends us
		// elsewhere is not itself.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Request is what a browser is sent to the provider with.
type Request struct {
	State, Nonce, Verifier string
	// Anew asks the provider to have the person sign in there again, whatever session
	// there is, and to say when that was (parameter max_age, OpenID Connect Core
	// section 3.1.2.1): see Identity.SignedInAt.
	Anew bool
}

// Authorize is the address that a browser is sent to. Error: ErrUnavailable.
func (c *Client) Authorize(ctx context.Context, r Request) (string, error) {
	m, err := c.loadMetadata(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(r.Nonce), oauth2.S256ChallengeOption(r.Verifier)}
	if r.Anew {
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"))
	}
	return c.oauthConfig(m).AuthCodeURL(r.State, options...), nil
}

func (c *Client) oauthConfig(m *metadata) *oauth2.Config {
	endpoint := m.provider.Endpoint()
	endpoint.AuthStyle = m.style // or the library finds out by sending the code twice
	return &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.Secret, Endpoint: endpoint, RedirectURL: c.Redirect,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// loadMetadata reads the provider's metadata, or remembers it.
func (c *Client) loadMetadata(ctx context.Context) (*metadata, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.known != nil && now.Sub(c.known.readAt) < metadataFor {
		return c.known, nil
	}
	if c.failed == nil || now.Sub(c.failedAt) >= failureFor {
		m, err := c.fetchMetadata(context.WithoutCancel(ctx), now) // for whoever waits, not only for this caller
		if err == nil {
			c.known, c.failed = m, nil
			return m, nil
		}
		c.failed, c.failedAt = fmt.Errorf("discover %s: %w: %w", c.Name, ErrUnavailable, err), now
	}
	if c.known != nil { // better old than none
		return c.known, nil
	}
	return nil, c.failed
}

func (c *Client) fetchMetadata(ctx context.Context, now time.Time) (*metadata, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, c.http), c.Issuer)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names it
	}
	var says struct {
		NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
		Algorithms  []string `json:"id_token_signing_alg_values_supported"`
		Secrets     []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&says); err != nil {
		return nil, err //nolint:wrapcheck // the caller names it
	}
	if len(says.Algorithms) == 0 {
		says.Algorithms = []string{oidc.RS256} // OpenID Connect Core section 3.1.3.7
	}
	says.Algorithms = slices.DeleteFunc(says.Algorithms, func(a string) bool { return !slices.Contains(algorithms, a) })
	if len(says.Algorithms) == 0 {
		return nil, errors.New("signs with nothing that is accepted")
	}
	verifier := provider.Verifier(&oidc.Config{
		ClientID: c.ClientID, SupportedSigningAlgs: says.Algorithms, Now: func() time.Time { return c.now().Add(-Skew) },
	})
	style := oauth2.AuthStyleInHeader // what there is when nothing is said (OpenID Connect Discovery section 3)
	if len(says.Secrets) > 0 && !slices.Contains(says.Secrets, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &metadata{provider, verifier, now, style, says.NamesItself}, nil
}

// bounded cuts answers off that are longer than any honest one.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		reply.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(reply.Body, maxAnswer), reply.Body}
	}
	return reply, err //nolint:wrapcheck // http.Client wraps it
}

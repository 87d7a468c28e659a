package users

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"app/modules/users/internal/federation"
	"app/modules/users/internal/openid"
)

// ProvidersConfig says where people may sign in besides here, and where they may be
// sent afterwards.
type ProvidersConfig struct {
	GoogleClientID     string   `env:"GOOGLE_CLIENT_ID" doc:"client id of this shop at Google; sign-in with Google is off when empty"`
	GoogleClientSecret string   `env:"GOOGLE_CLIENT_SECRET" secret:"true" doc:"client secret of this shop at Google"`
	GoogleIssuer       string   `env:"GOOGLE_ISSUER" envDefault:"https://accounts.google.com" doc:"who Google is"`
	OIDCProviders      string   `env:"OIDC_PROVIDERS" secret:"true" doc:"further providers of OpenID Connect, a JSON list of objects with name, issuer, client_id and client_secret, and for those that ask for two factors the values of acr or amr that say so as two_factor_acr and two_factor_amr; each answers to PUBLIC_URL/v1/auth/oidc/NAME/callback"`
	ReturnTo           []string `env:"USERS_RETURN_TO" doc:"addresses, besides paths of this site, that a browser may be sent to after a sign-in; each exactly as it is used, commas between"`
}

// Validate checks what the types cannot say.
func (c *ProvidersConfig) Validate() error {
	_, err := c.parseProviders()
	return errors.Join(err, c.returnTo())
}

// google is the name of the provider that has variables of its own.
const google = "google"

// providerConfig is one element of OIDC_PROVIDERS.
type providerConfig struct {
	Name         string `json:"name"`
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// Values of the claims acr and amr with which the provider says that two factors
	// were shown. Without them its sign-ins are one factor.
	TwoFactorACR []string `json:"two_factor_acr"`
	TwoFactorAMR []string `json:"two_factor_amr"`
}

// providerName is what a path holds as one segment.
var providerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// parseProviders reads the configuration: Google's variables and the list. Every
// mistake is named; secrets are not shown.
func (c *ProvidersConfig) parseProviders() (out []openid.Provider, err error) {
	var list []providerConfig
	var errs []error
	if c.OIDCProviders != "" {
		d := json.NewDecoder(bytes.NewReader([]byte(c.OIDCProviders)))
		d.DisallowUnknownFields()
		if d.Decode(&list) != nil || d.More() {
			errs = append(errs, errors.New(`OIDC_PROVIDERS: not a JSON list of {"name", "issuer", "client_id", "client_secret", "two_factor_acr", "two_factor_amr"}`))
		}
	}
	if (c.GoogleClientID == "") != (c.GoogleClientSecret == "") {
		errs = append(errs, errors.New("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET: set both or none"))
	}
	if c.GoogleClientID != "" {
		list = append(list, providerConfig{Name: google, Issuer: c.GoogleIssuer, ClientID: c.GoogleClientID, ClientSecret: c.GoogleClientSecret})
	}
	seen := map[string]bool{}
	for i, p := range list {
		if complaint := p.validationProblem(); complaint != "" {
			errs = append(errs, fmt.Errorf("OIDC_PROVIDERS: provider %d: %s", i+1, complaint))
		}
		if seen[p.Name] {
			errs = append(errs, fmt.Errorf("OIDC_PROVIDERS: there are two of the name %s", p.Name))
		}
		seen[p.Name] = true
		out = append(out, openid.Provider{
			Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, Secret: p.ClientSecret, TwoFactorACR: p.TwoFactorACR, TwoFactorAMR: p.TwoFactorAMR,
		})
	}
	return out, errors.Join(errs...)
}

// validationProblem says what is wrong with a provider, empty when nothing is.
func (p providerConfig) validationProblem() string {
	u, err := url.Parse(p.Issuer)
	switch {
	case !providerName.MatchString(p.Name):
		return "name must be of lower-case letters, digits and hyphens, at most 40"
	case p.ClientID == "" || p.ClientSecret == "":
		return "client_id and client_secret must not be empty"
	case slices.Contains(p.TwoFactorACR, "") || slices.Contains(p.TwoFactorAMR, ""):
		return "two_factor_acr and two_factor_amr must not have empty values"
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || len(p.Issuer) > 255:
		return "issuer must be an address such as https://id.example.com"
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopbackHost(u.Hostname())):
		return "issuer must begin with https://"
	}
	return ""
}

func isLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// newProviderClients makes the clients of the providers, which come back to publicURL.
func newProviderClients(providers []openid.Provider, publicURL string, now func() time.Time) federation.Providers {
	base := strings.TrimSuffix(publicURL, "/")
	out := federation.Providers{}
	for _, p := range providers {
		p.Redirect = base + "/v1/auth/oidc/" + p.Name + "/callback"
		if p.Name == google {
			p.Redirect = base + "/v1/auth/google/callback"
		}
		out[p.Name] = openid.NewClient(p, now)
	}
	return out
}

// returnTo checks the addresses that a browser may be sent to.
func (c *ProvidersConfig) returnTo() error {
	for _, address := range c.ReturnTo {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopbackHost(u.Hostname())) {
			return fmt.Errorf("USERS_RETURN_TO: %q is not an address such as https://shop.example.com/welcome", address)
		}
	}
	return nil
}

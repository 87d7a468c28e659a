// Package identity says who is calling. The gateway authenticates once; from there the
// principal travels in the fenced context inside a process and in a signed assertion
// between processes.
package identity

import (
	"context"
	"slices"

	"app/platform/fault"
)

// Method is how a principal proved who it is.
type Method string

// The methods. Anonymous principals have none.
const (
	Bearer  Method = "bearer"
	Session Method = "session"
	APIKey  Method = "api_key"
)

// Principal is who is calling. The zero value is an anonymous caller.
type Principal struct {
	UserID    string  `json:"sub,omitempty"` // usr_..., empty for anonymous callers
	Method    Method  `json:"mth,omitempty"`
	Admin     bool    `json:"adm,omitempty"`
	SessionID string  `json:"sid,omitempty"` // the session or refresh family this call belongs to
	Merchant  string  `json:"mrc,omitempty"` // set for API keys: the merchant they act for
	Scopes    []Scope `json:"scp,omitempty"` // set for API keys
	KeyID     string  `json:"kid,omitempty"` // key_..., set for API keys

	// FactorNeeded reports that the session has shown one factor, where the shop
	// demands two of whoever acts as an administrator, or as an owner or a manager of a
	// merchant (USERS_FACTOR_REQUIRED, ASVS 6.3.3). Users decides it; merchants applies
	// it to roles.
	FactorNeeded bool `json:"fac,omitempty"`
	// AdminWithheld reports that the user is an administrator whose rights wait for the
	// second factor. Admin is false meanwhile, so that what asks only for Admin
	// refuses.
	AdminWithheld bool `json:"adw,omitempty"`
}

// Withhold is the principal of a session with one factor where two are demanded: the
// rights of an administrator wait.
func (p Principal) Withhold() Principal {
	p.FactorNeeded, p.AdminWithheld, p.Admin = true, p.Admin || p.AdminWithheld, false
	return p
}

// ErrSecondFactor refuses what needs a session with two factors, and says how to get
// one.
func ErrSecondFactor() error {
	return fault.New(fault.PermissionDenied, "second_factor_required",
		"Administrators, and owners and managers of merchants, need a second factor. Set one up with POST /v1/users/me/totp or a passkey, "+
			"or show the one you have with POST /v1/auth/step-up; then get a new access token with POST /v1/auth/refresh.")
}

// SignedIn reports whether the caller is a known user or key.
func (p Principal) SignedIn() bool { return p.UserID != "" || p.Merchant != "" }

// Actor names who acts, for records: a user's id or a key's.
func (p Principal) Actor() string {
	if p.IsKey() {
		return p.KeyID
	}
	return p.UserID
}

// IsKey reports whether the caller is a merchant's API key and no user.
func (p Principal) IsKey() bool { return p.Method == APIKey && p.Merchant != "" }

// Has reports whether the caller is an API key with the scope.
func (p Principal) Has(s Scope) bool { return p.IsKey() && slices.Contains(p.Scopes, s) }

// ActsFor reports whether the caller is an API key of this very merchant with the
// scope: what a service asks before it looks at roles, which only users have. For the
// key of another merchant the thing in question does not exist.
func (p Principal) ActsFor(merchantID string, s Scope) bool {
	return p.Merchant == merchantID && p.Has(s)
}

type (
	principalKey struct{}
	callerKey    struct{}
)

// NewContext returns a context that carries the principal.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext reads the principal; anonymous when there is none.
func FromContext(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Carry adds to one context the principal of the other. Both then share its Scopes,
// which nobody changes.
func Carry(to, from context.Context) context.Context {
	if p := from.Value(principalKey{}); p != nil {
		to = context.WithValue(to, principalKey{}, p)
	}
	return to
}

// WithCaller returns a context that names the module a call comes from, as verified at
// the boundary.
func WithCaller(ctx context.Context, module string) context.Context {
	return context.WithValue(ctx, callerKey{}, module)
}

// Caller names the calling module, "gateway" for public requests, empty outside a call.
func Caller(ctx context.Context) string {
	module, _ := ctx.Value(callerKey{}).(string)
	return module
}

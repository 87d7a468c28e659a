// Package service holds the use cases of users: registering and verifying an address,
// signing in and staying signed in, one's own profile, and what other modules may ask.
// Each public method is one use case with at most one Write; nobody learns from any of
// them whether an address has an account, except by proving that the address is theirs.
package service

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/apikey"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/revocation"
	"app/modules/users/internal/session"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB     *database.DB
	Now    func() time.Time
	Logger *slog.Logger
	Hasher *passwords.Hasher
	Limits Limits
	// PublicURL is the address that people use, without a path; links in e-mails begin
	// with it.
	PublicURL string
	// Providers are where people may sign in besides here; none when it is nil.
	Providers federation.Providers
	// ReturnTo are addresses, besides paths of this site, that a browser may be sent to
	// after a sign-in.
	ReturnTo federation.ReturnList
	// FactorRequired demands a second factor of administrators, and of owners and
	// managers of merchants.
	FactorRequired bool
	// Words are of this shop, besides those of PublicURL: no password is made of them.
	Words []string
	// Rules are those for new passwords; the words of the shop are added.
	Rules passwords.Policy
	// NoPasswordGrant means that the token endpoint takes no passwords.
	NoPasswordGrant bool
	// OursOnly means that hashes which were imported open nothing: their owners set new
	// passwords by e-mail.
	OursOnly bool
}

// Limits are the lives of what users hands out.
type Limits struct {
	CodeLife     time.Duration // of a one-time code
	AccessLife   time.Duration // of an access token
	RefreshIdle  time.Duration // how long a refresh token waits to be used
	RefreshGrace time.Duration // how long a used one still gets its successor
	SessionLife  time.Duration // of a sign-in, however often it is refreshed
	BrowserIdle  time.Duration // how long a browser's session lasts that is not used
	BrowserLife  time.Duration // of a browser's session, however much it is used
	AuditKeep    time.Duration // how long the audit log goes back
	// LettersPerHour and LettersPerNetwork bound the e-mails that one address gets
	// because somebody asks for them, and with them the codes that can be guessed at:
	// see shareOf.
	LettersPerHour, LettersPerNetwork int
	// Tries bound the guessing of passwords.
	Tries tries.Bounds
}

// Service is the use cases. Safe for concurrent use.
type Service struct {
	db     *database.DB
	now    func() time.Time
	logger *slog.Logger
	hasher *passwords.Hasher
	limits Limits

	publicURL string
	noGrant   bool // the token endpoint takes no passwords
	oursOnly  bool // no hash from elsewhere opens anything

	// Keys sign access tokens.
	Keys *keys.Ring
	// Revocations are what gateways follow.
	Revocations *revocation.Log

	// Audits are the audit log.
	Audits *audit.Log
	// Tries bound the guessing of passwords and codes.
	Tries *tries.Limiter
	// Accounts are who people are.
	Accounts *account.Service
	// Codes are one-time codes by e-mail.
	Codes *code.Service
	// Registrations wait for their codes.
	Registrations *registration.Service
	// Sessions keep people signed in.
	Sessions *session.Service
	// Factors are second factors.
	Factors *factor.Service
	// Federation is providers of OpenID Connect, and identities there.
	Federation *federation.Service
	// APIKeys are those of merchants.
	APIKeys *apikey.Service
}

// New makes the service. It reads the keys, and makes them at the first start.
func New(ctx context.Context, o Options) (*Service, error) {
	revocations := revocation.NewLog(o.DB, o.Now)
	ring, err := keys.Load(ctx, keys.Options{DB: o.DB, Now: o.Now, Logger: o.Logger, Revocations: revocations})
	if err != nil {
		return nil, err
	}
	audits := audit.NewLog(o.DB, o.Now)
	counter := tries.New(tries.Options{DB: o.DB, Now: o.Now, Secret: ring.Secret(), Bounds: o.Limits.Tries})
	accounts := account.New(account.Options{DB: o.DB, Now: o.Now, Logger: o.Logger, Hasher: o.Hasher, Policy: policyOf(o), Audits: audits})
	codes := code.New(code.Options{
		DB: o.DB, Now: o.Now, Secret: ring.Secret(), Audits: audits, Tries: counter, PublicURL: o.PublicURL,
		Limits: code.Limits{CodeLife: o.Limits.CodeLife, LettersPerHour: o.Limits.LettersPerHour, LettersPerNetwork: o.Limits.LettersPerNetwork},
	})
	sessions := session.New(session.Options{
		DB: o.DB, Now: o.Now, Logger: o.Logger, Keys: ring, Accounts: accounts, Audits: audits, Revocations: revocations,
		Factors: factor.Of, FactorRequired: o.FactorRequired,
		Limits: session.Limits{
			AccessLife: o.Limits.AccessLife, RefreshIdle: o.Limits.RefreshIdle, RefreshGrace: o.Limits.RefreshGrace,
			SessionLife: o.Limits.SessionLife, BrowserIdle: o.Limits.BrowserIdle, BrowserLife: o.Limits.BrowserLife, AuditKeep: o.Limits.AuditKeep,
		},
	})
	factors := factor.New(factor.Options{
		DB: o.DB, Now: o.Now, Secret: ring.Secret(), Accounts: accounts, Sessions: sessions, Identities: federation.Count, PublicURL: o.PublicURL,
	})
	return &Service{
		db: o.DB, now: o.Now, logger: o.Logger, hasher: o.Hasher, limits: o.Limits, publicURL: o.PublicURL,
		oursOnly: o.OursOnly, noGrant: o.NoPasswordGrant,
		Keys: ring, Revocations: revocations, Audits: audits,
		Tries: counter, Accounts: accounts, Codes: codes, Sessions: sessions, Factors: factors,
		Federation: federation.New(federation.Options{
			DB: o.DB, Now: o.Now, Logger: o.Logger, Secret: ring.Secret(), Accounts: accounts, Sessions: sessions,
			Providers: o.Providers, ReturnTo: o.ReturnTo,
		}),
		Registrations: registration.New(registration.Options{
			DB: o.DB, Now: o.Now, Secret: ring.Secret(), Hasher: o.Hasher, CodeLife: o.Limits.CodeLife,
			Accounts: accounts, Codes: codes, Tries: counter,
		}),
		APIKeys: apikey.New(apikey.Options{DB: o.DB, Now: o.Now, Audits: audits, Revocations: revocations}),
	}, nil
}

func policyOf(o Options) passwords.Policy {
	rules := o.Rules
	rules.Shop = passwords.ShopWords(o.PublicURL, o.Words)
	return rules
}

// PasswordGrant reports whether the token endpoint takes passwords.
func (s *Service) PasswordGrant() bool { return !s.noGrant }

// Hashes counts the passwords hashed.
func (s *Service) Hashes() int64 { return s.hasher.Operations() }

// Origin is the scheme, host and port that people use, as a browser writes it in the
// header Origin.
func (s *Service) Origin() string {
	u, err := url.Parse(s.publicURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

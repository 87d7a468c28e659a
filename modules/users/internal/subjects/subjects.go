// Package subjects puts the subjects of users together: it makes each with those below
// it, and does the work that goes through all of them.
package subjects

import (
	"context"
	"log/slog"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/admin"
	"app/modules/users/internal/apikey"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/code"
	"app/modules/users/internal/contract"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/revocation"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// Options are what a Set is made with. All are required.
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
	// see package code.
	LettersPerHour, LettersPerNetwork int
	// Tries bound the guessing of passwords.
	Tries tries.Bounds
}

// Set is the subjects in one process. Safe for concurrent use.
type Set struct {
	db     *database.DB
	now    func() time.Time
	limits Limits

	publicURL string
	noGrant   bool // the token endpoint takes no passwords

	// Hasher hashes passwords.
	Hasher *passwords.Hasher
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
	// Credentials are addresses and passwords.
	Credentials *credential.Service
	// SignIns are the ways of signing in.
	SignIns *signin.Service
	// Admins are administrators, and what operators do to accounts.
	Admins *admin.Service
}

// New makes the subjects. It reads the keys, and makes them at the first start.
func New(ctx context.Context, o Options) (*Set, error) {
	s := &Set{
		db: o.DB, now: o.Now, limits: o.Limits, publicURL: o.PublicURL, noGrant: o.NoPasswordGrant, Hasher: o.Hasher,
	}
	s.Revocations = revocation.NewLog(o.DB, o.Now)
	var err error
	s.Keys, err = keys.Load(ctx, keys.Options{DB: o.DB, Now: o.Now, Logger: o.Logger, Revocations: s.Revocations})
	if err != nil {
		return nil, err
	}
	s.Audits = audit.NewLog(o.DB, o.Now)
	s.Tries = tries.New(tries.Options{DB: o.DB, Now: o.Now, Secret: s.Keys.Secret(), Bounds: o.Limits.Tries})
	s.APIKeys = apikey.New(apikey.Options{DB: o.DB, Now: o.Now, Audits: s.Audits, Revocations: s.Revocations})
	s.makeAccounts(o)
	s.makeSessions(o)
	s.makeSignIns(o)
	return s, nil
}

// makeAccounts makes who people are, and how an address becomes an account.
func (s *Set) makeAccounts(o Options) {
	s.Accounts = account.New(account.Options{
		DB: o.DB, Now: o.Now, Logger: o.Logger, Hasher: o.Hasher, Policy: policyOf(o), Audits: s.Audits,
	})
	s.Codes = code.New(code.Options{
		DB: o.DB, Now: o.Now, Secret: s.Keys.Secret(), Audits: s.Audits, Tries: s.Tries, PublicURL: o.PublicURL,
		Limits: code.Limits{
			CodeLife: o.Limits.CodeLife, LettersPerHour: o.Limits.LettersPerHour, LettersPerNetwork: o.Limits.LettersPerNetwork,
		},
	})
	s.Registrations = registration.New(registration.Options{
		DB: o.DB, Now: o.Now, Secret: s.Keys.Secret(), Hasher: o.Hasher, CodeLife: o.Limits.CodeLife,
		Accounts: s.Accounts, Codes: s.Codes, Tries: s.Tries,
	})
}

// makeSessions makes sessions and second factors, of which neither knows the other.
func (s *Set) makeSessions(o Options) {
	s.Sessions = session.New(session.Options{
		DB: o.DB, Now: o.Now, Logger: o.Logger, Keys: s.Keys, Accounts: s.Accounts, Audits: s.Audits, Revocations: s.Revocations,
		Factors: factor.Of, FactorRequired: o.FactorRequired,
		Limits: session.Limits{
			AccessLife: o.Limits.AccessLife, RefreshIdle: o.Limits.RefreshIdle, RefreshGrace: o.Limits.RefreshGrace,
			SessionLife: o.Limits.SessionLife, BrowserIdle: o.Limits.BrowserIdle, BrowserLife: o.Limits.BrowserLife,
			AuditKeep: o.Limits.AuditKeep,
		},
	})
	s.Factors = factor.New(factor.Options{
		DB: o.DB, Now: o.Now, Secret: s.Keys.Secret(), Accounts: s.Accounts, Sessions: s.Sessions,
		Identities: federation.Count, PublicURL: o.PublicURL,
	})
}

// makeSignIns makes what needs both.
func (s *Set) makeSignIns(o Options) {
	s.Federation = federation.New(federation.Options{
		DB: o.DB, Now: o.Now, Logger: o.Logger, Secret: s.Keys.Secret(), Accounts: s.Accounts, Sessions: s.Sessions,
		Providers: o.Providers, ReturnTo: o.ReturnTo,
	})
	s.Credentials = credential.New(credential.Options{
		DB: o.DB, Now: o.Now, Hasher: o.Hasher, Accounts: s.Accounts, Audits: s.Audits, Tries: s.Tries, Codes: s.Codes,
		Sessions: s.Sessions, Factors: s.Factors,
	})
	s.SignIns = signin.New(signin.Options{
		DB: o.DB, Now: o.Now, Logger: o.Logger, Hasher: o.Hasher, Keys: s.Keys, Audits: s.Audits, Tries: s.Tries, Codes: s.Codes,
		Sessions: s.Sessions, Factors: s.Factors, Federation: s.Federation, OursOnly: o.OursOnly,
	})
	s.Admins = admin.New(admin.Options{
		DB: o.DB, Now: o.Now, Accounts: s.Accounts, Audits: s.Audits, Sessions: s.Sessions, Factors: s.Factors,
	})
}

func policyOf(o Options) passwords.Policy {
	rules := o.Rules
	rules.Shop = passwords.ShopWords(o.PublicURL, o.Words)
	return rules
}

// Contract serves what other modules may ask.
func (s *Set) Contract() *contract.Handler {
	return contract.New(contract.Needs{
		Accounts: s.Accounts, APIKeys: s.APIKeys, Keys: s.Keys, Revocations: s.Revocations, Sessions: s.Sessions,
	})
}

package subjects

import (
	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/emailpage"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/oauth"
	"app/modules/users/internal/page"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/operation"
)

// Handlers answer the public operations of all subjects. The zero value answers none.
type Handlers struct {
	keys          keys.Handlers
	audits        audit.Handlers
	accounts      account.Handlers
	registrations registration.Handlers
	sessions      session.Handlers
	factors       factor.Handlers
	federation    federation.Handlers
	credentials   credential.Handlers
	signIns       signin.Handlers
	tokens        oauth.Handlers
	emailPages    emailpage.Handlers
}

// Handlers makes the handlers.
func (s *Set) Handlers() Handlers {
	signIns := signin.Handlers{SignIns: s.SignIns, Origin: page.OriginOf(s.publicURL)}
	return Handlers{
		keys: keys.Handlers{Keys: s.Keys}, audits: audit.Handlers{Audits: s.Audits}, accounts: account.Handlers{Accounts: s.Accounts},
		registrations: registration.Handlers{Registrations: s.Registrations}, sessions: session.Handlers{Sessions: s.Sessions},
		factors: factor.Handlers{Factors: s.Factors}, federation: federation.Handlers{Federation: s.Federation},
		credentials: credential.Handlers{Credentials: s.Credentials}, signIns: signIns,
		tokens:     oauth.Handlers{SignIns: s.SignIns, Sessions: s.Sessions, PasswordGrant: !s.noGrant},
		emailPages: emailpage.Handlers{Registrations: s.Registrations, Credentials: s.Credentials, SignIns: signIns},
	}
}

// Register declares the operations of all subjects. at is where their handlers lie once
// the module is open: the operations are declared where users is not hosted, too.
func Register(api *operation.API, at *Handlers) {
	registration.Register(api, &at.registrations)
	signin.Register(api, &at.signIns)
	oauth.Register(api, &at.tokens)
	session.Register(api, &at.sessions)
	audit.Register(api, &at.audits)
	credential.Register(api, &at.credentials)
	emailpage.Register(api, &at.emailPages)
	factor.Register(api, &at.factors)
	federation.Register(api, &at.federation)
	account.Register(api, &at.accounts)
	keys.Register(api, &at.keys)
	api.Problems(reason.All()...)
}

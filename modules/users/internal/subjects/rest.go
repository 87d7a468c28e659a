package subjects

import (
	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/emailpage"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/page"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/fault"
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
	emailPages    emailpage.Handlers
}

// Handlers makes the handlers.
func (s *Set) Handlers() Handlers {
	signIns := signin.Handlers{SignIns: s.SignIns, Origin: page.OriginOf(s.publicURL), PasswordGrant: !s.noGrant}
	return Handlers{
		keys: keys.Handlers{Keys: s.Keys}, audits: audit.Handlers{Audits: s.Audits}, accounts: account.Handlers{Accounts: s.Accounts},
		registrations: registration.Handlers{Registrations: s.Registrations}, sessions: session.Handlers{Sessions: s.Sessions},
		factors: factor.Handlers{Factors: s.Factors}, federation: federation.Handlers{Federation: s.Federation},
		credentials: credential.Handlers{Credentials: s.Credentials}, signIns: signIns,
		emailPages: emailpage.Handlers{Registrations: s.Registrations, Credentials: s.Credentials, SignIns: signIns},
	}
}

// Register declares the operations of all subjects. at is where their handlers lie once
// the module is open: the operations are declared where users is not hosted, too.
func Register(api *operation.API, at *Handlers) {
	registration.Register(api, &at.registrations)
	signin.Register(api, &at.signIns)
	session.Register(api, &at.sessions)
	audit.Register(api, &at.audits)
	credential.Register(api, &at.credentials)
	emailpage.Register(api, &at.emailPages)
	factor.Register(api, &at.factors)
	federation.Register(api, &at.federation)
	account.Register(api, &at.accounts)
	keys.Register(api, &at.keys)
	api.Problems(problems...)
}

var problems = []fault.Reason{
	{Code: "invalid_credentials", Status: 401, Title: "Wrong address or password", Help: "The address and the password do not belong to an account that may sign in. Which of the two is wrong is not told."},
	{Code: "sign_in_limited", Status: 429, Title: "Too many passwords or codes tried", Help: "Wait for the time in Retry-After, or sign in another way: with a code by e-mail, a provider or a passkey. A device that the account has signed in from has tries of its own."},
	{Code: "refresh_token_invalid", Status: 401, Title: "Refresh token not valid", Help: "It is unknown, has run out, or its session has ended: sign in again. A token that is used again long after it was exchanged ends its session."},
	{Code: "code_invalid", Status: 422, Title: "Code not valid", Help: "A code is good for ten minutes, five tries and one use, and a newer one asked for from the same network replaces it. A code that makes an account is good for its own registration only. Ask for a new one. A generator's code is good for one use, too."},
	{Code: "step_up_required", Status: 403, Title: "Show again who you are", Help: "This needs a session that has shown who it is within the last ten minutes: see POST /v1/auth/step-up, then repeat the request."},
	{Code: "ticket_invalid", Status: 401, Title: "Sign-in over", Help: "A sign-in waits five minutes for its second factor and takes five tries. Begin again."},
	{Code: "factor_required", Status: 403, Title: "Second factor needed", Help: "The account has a second factor: show a code of its generator, a recovery code or a passkey."},
	{Code: "factor_paused", Status: 429, Title: "Too many wrong codes", Help: "After five wrong codes in a row the generator's codes are not accepted for a while. Wait, or use another factor."},
	{Code: "totp_enrolled", Status: 409, Title: "Generator there already", Help: "An account has one generator of codes: remove it before you set up another."},
	{Code: "no_factor", Status: 409, Title: "No second factor", Help: "Recovery codes stand in for a second factor: set one up first."},
	{Code: "provider_not_found", Status: 404, Title: "No such provider", Help: "The shop is not configured for a provider of this name."},
	{Code: "provider_unavailable", Status: 503, Title: "Provider cannot be reached", Help: "The provider does not answer. Try again soon, or sign in another way."},
	{Code: "sign_in_over", Status: 422, Title: "Sign-in not begun here", Help: "A sign-in at a provider is good for ten minutes, one answer and the browser that it was begun in."},
	{Code: "sign_in_cancelled", Status: 401, Title: "Sign-in cancelled", Help: "The provider did not sign you in, or you changed your mind there."},
	{Code: "sign_in_refused", Status: 401, Title: "Sign-in refused", Help: "The provider's answer is not valid, or the account may not sign in."},
	{Code: "sign_in_not_fresh", Status: 403, Title: "Not signed in there just now", Help: "The provider does not say that you signed in there just now, or does not say when. Show who you are another way: see POST /v1/auth/step-up."},
	{Code: "address_unverified", Status: 403, Title: "Address not verified", Help: "The provider has not verified your address, so it opens nothing here. Verify it there, or sign in another way."},
	{Code: "identity_taken", Status: 409, Title: "Identity in use", Help: "The identity signs in to another account. Unlink it there first."},
	{Code: "link_invalid", Status: 422, Title: "Link not valid", Help: "It is over, was used before or is for another account: sign in at the provider again."},
	{Code: "passkey_invalid", Status: 401, Title: "Passkey not valid", Help: "A challenge is good for one answer and five minutes, for the browser's own site only. Begin again."},
	{Code: "passkeys_unavailable", Status: 409, Title: "No passkeys here", Help: "Passkeys belong to a host name, and the shop's PUBLIC_URL has none."},
	{Code: "last_credential", Status: 409, Title: "Last way to sign in", Help: "Set a password or link another identity first."},
	{Code: "cross_site", Status: 403, Title: "Form from another site", Help: "The form was sent from a page of another site. Open the link in the letter again."},
	{Code: "ticket_invalid", Status: 401, Title: "Sign-in is over", Help: "A second factor has to be shown within five minutes and five tries. Begin the sign-in again."},
	{Code: "step_up_required", Status: 403, Title: "Show again who you are", Help: "This needs a proof that is at most ten minutes old: POST /v1/auth/step-up, then repeat the request."},
	{Code: "session_not_found", Status: 404, Title: "No such session", Help: "You have no session with this id, or it has ended."},
	{Code: "user_not_found", Status: 404, Title: "No such user", Help: "There is no user with this id."},
}

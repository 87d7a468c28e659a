// Package rest is the public REST operations of users: each reads its input, makes one
// call to the service, and writes what comes back.
package rest

import (
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/subjects"
	"app/platform/fault"
	"app/platform/operation"
)

// Declare adds the operations to the API. The service is asked for when an operation is
// called: the operations are declared where users is not hosted, too.
func Declare(api *operation.API, users func() *subjects.Set) {
	h := handlers{users}
	h.signIn(api)
	h.registerTokenRoute(api)
	h.registerSessionRoutes(api)
	h.registerCodeRoutes(api)
	h.registerEmailPageRoutes(api)
	h.registerFactorRoutes(api)
	h.registerPasskeyRoutes(api)
	h.registerProviderRoutes(api)
	h.registerAddressRoutes(api)
	h.registerProfileRoutes(api)
	h.registerKeyRoutes(api)
	api.Problems(problems...)
}

type handlers struct{ users func() *subjects.Set }

// smallBody bounds the bodies of all operations: the longest has a password of 256
// bytes and three names.
const smallBody = 16 << 10

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

// user is an account as its owner sees it.
type user struct {
	ID         string    `json:"id" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Email      string    `json:"email" example:"ada@example.com"`
	FirstName  string    `json:"first_name"`
	MiddleName string    `json:"middle_name"`
	LastName   string    `json:"last_name"`
	Admin      bool      `json:"admin" doc:"Whether the user is an administrator of the shop"`
	CreatedAt  time.Time `json:"created_at"`
	Locale     string    `json:"locale" example:"de-AT" doc:"Language of letters, a BCP 47 tag; empty for the shop's own"`
}

func userOf(u account.User) user {
	return user{u.ID, u.Email, u.FirstName, u.MiddleName, u.LastName, u.Admin, u.CreatedAt, u.Locale}
}

type userOutput struct {
	operation.Tagged
	Body user
}

func taggedUserOutput(u account.User, err error) (*userOutput, error) {
	if err != nil {
		return nil, err
	}
	return &userOutput{Tagged: operation.Tagged{ETag: operation.ETag(u.Version)}, Body: userOf(u)}, nil
}

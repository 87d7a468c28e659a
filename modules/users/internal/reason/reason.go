// Package reason declares the public codes of the module, each once.
package reason

import "app/platform/fault"

// Of accounts and of what they are signed in with.
var (
	// InvalidCredentials refuses an address and a password, without saying which of them
	// is wrong.
	InvalidCredentials = fault.Reason{
		Kind: fault.Unauthenticated, Code: "invalid_credentials",
		Detail: "The e-mail address or the password is wrong.",
		Title:  "Wrong address or password",
		Help: "The address and the password do not belong to an account that may sign in. Which of the two is wrong is " +
			"not told.",
	}
	UserNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "user_not_found", Detail: "There is no such user.",
		Title: "No such user", Help: "There is no user with this id.",
	}
	// LastCredential keeps an account from losing its last way to sign in.
	LastCredential = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "last_credential",
		Detail: "It is the last way to sign in: set a password first.",
		Title:  "Last way to sign in", Help: "Set a password or link another identity first.",
	}
)

// Of signing in.
var (
	SignInLimited = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "sign_in_limited",
		Detail: "Too many passwords or codes have been tried. Wait, or sign in another way.",
		Title:  "Too many passwords or codes tried",
		Help: "Wait for the time in Retry-After, or sign in another way: with a code by e-mail, a provider or a passkey. " +
			"A device that the account has signed in from has tries of its own.",
	}
	// CodeInvalid is the one answer to every code that is not accepted.
	CodeInvalid = fault.Reason{
		Kind: fault.InvalidArgument, Code: "code_invalid", Detail: "The code is wrong, used or no longer valid.",
		Title: "Code not valid",
		Help: "A code is good for ten minutes, five tries and one use, and a newer one asked for from the same network " +
			"replaces it. A code that makes an account is good for its own registration only. Ask for a new one. An " +
			"authenticator app's code is good for one use, too.",
	}
	// TicketInvalid ends a sign-in that has waited too long for its second factor.
	TicketInvalid = fault.Reason{
		Kind: fault.Unauthenticated, Code: "ticket_invalid",
		Detail: "The sign-in is over or has had too many tries: begin again.",
		Title:  "Sign-in over",
		Help:   "A sign-in waits five minutes for its second factor and takes five tries. Begin again.",
	}
	CrossSite = fault.Reason{
		Kind: fault.PermissionDenied, Code: "cross_site", Detail: "The form was sent from another site.",
		Title: "Form from another site",
		Help:  "The form was sent from a page of another site. Open the link in the e-mail again.",
	}
)

// Of sessions.
var (
	RefreshTokenInvalid = fault.Reason{
		Kind: fault.Unauthenticated, Code: "refresh_token_invalid",
		Detail: "The refresh token is not valid: sign in again.",
		Title:  "Refresh token not valid",
		Help: "It is unknown, has run out, or its session has ended: sign in again. A token that is used again long " +
			"after it was exchanged ends its session.",
	}
	SessionNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "session_not_found", Detail: "There is no such session.",
		Title: "No such session", Help: "You have no session with this id, or it has ended.",
	}
	// StepUpRequired asks for a recent proof of who one is.
	StepUpRequired = fault.Reason{
		Kind: fault.PermissionDenied, Code: "step_up_required",
		Detail: "Show again who you are with POST /v1/auth/step-up, then repeat the request.",
		Title:  "Show again who you are",
		Help: "This needs a session that has shown who it is within the last ten minutes: see POST /v1/auth/step-up, " +
			"then repeat the request.",
	}
)

// Of second factors.
var (
	FactorRequired = fault.Reason{
		Kind: fault.PermissionDenied, Code: "factor_required",
		Detail: "The account has a second factor: show that one.",
		Title:  "Second factor needed",
		Help:   "The account has a second factor: show a code of its authenticator app, a recovery code or a passkey.",
	}
	FactorPaused = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "factor_paused",
		Detail: "Too many wrong codes in a row: wait, or use another factor.",
		Title:  "Too many wrong codes",
		Help: "After five wrong codes in a row the authenticator app's codes are not accepted for a while. Wait, or use another " +
			"factor.",
	}
	FactorNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "factor_not_found", Detail: "There is no such factor.",
		Title: "No such factor", Help: "You have not set up the factor.",
	}
	TOTPEnrolled = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "totp_enrolled",
		Detail: "An authenticator app is set up already: remove it first.",
		Title:  "Authenticator app set up already",
		Help:   "An account has one authenticator app: remove it before you set up another.",
	}
	NoFactor = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "no_factor",
		Detail: "Recovery codes stand in for a second factor: set one up first.",
		Title:  "No second factor", Help: "Recovery codes stand in for a second factor: set one up first.",
	}
	// PasskeyInvalid is the one answer to every passkey that is not accepted.
	PasskeyInvalid = fault.Reason{
		Kind: fault.Unauthenticated, Code: "passkey_invalid",
		Detail: "The passkey or its answer is not valid: begin again.",
		Title:  "Passkey not valid",
		Help:   "A challenge is good for one answer and five minutes, for the browser's own site only. Begin again.",
	}
	PasskeyNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "passkey_not_found", Detail: "There is no such passkey.",
		Title: "No such passkey", Help: "You have no passkey with this id.",
	}
	PasskeysUnavailable = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "passkeys_unavailable",
		Detail: "Passkeys belong to a host name, and the address of this shop has none: set PUBLIC_URL to one that has, " +
			"such as https://shop.example.com, or http://localhost:8080 on one's own machine.",
		Title: "No passkeys here", Help: "Passkeys belong to a host name, and the shop's PUBLIC_URL has none.",
	}
)

// Of providers and identities.
var (
	ProviderUnavailable = fault.Reason{
		Kind: fault.Unavailable, Code: "provider_unavailable",
		Title: "Provider cannot be reached",
		Help:  "The provider does not answer. Try again soon, or sign in another way.",
	}
	SignInOver = fault.Reason{
		Kind: fault.InvalidArgument, Code: "sign_in_over",
		Detail: "The sign-in was not begun in this browser, is over or was used before: begin again.",
		Title:  "Sign-in not begun here",
		Help:   "A sign-in at a provider is good for ten minutes, one answer and the browser that it was begun in.",
	}
	SignInCancelled = fault.Reason{
		Kind: fault.Unauthenticated, Code: "sign_in_cancelled", Detail: "The provider did not sign you in.",
		Title: "Sign-in cancelled", Help: "The provider did not sign you in, or you changed your mind there.",
	}
	SignInRefused = fault.Reason{
		Kind: fault.Unauthenticated, Code: "sign_in_refused", Detail: "The provider's answer is not valid.",
		Title: "Sign-in refused", Help: "The provider's answer is not valid, or the account may not sign in.",
	}
	SignInNotFresh = fault.Reason{
		Kind: fault.PermissionDenied, Code: "sign_in_not_fresh",
		Detail: "The provider does not say that you signed in there just now. Show who you are another way: with a code by " +
			"e-mail, the password or a second factor.",
		Title: "Not signed in there just now",
		Help: "The provider does not say that you signed in there just now, or does not say when. Show who you are " +
			"another way: see POST /v1/auth/step-up.",
	}
	AddressUnverified = fault.Reason{
		Kind: fault.PermissionDenied, Code: "address_unverified",
		Detail: "The provider has not verified your address, so it opens nothing here. Verify it there, or sign in another " +
			"way.",
		Title: "Address not verified",
		Help: "The provider has not verified your address, so it opens nothing here. Verify it there, or sign in another " +
			"way.",
	}
	IdentityTaken = fault.Reason{
		Kind: fault.AlreadyExists, Code: "identity_taken", Detail: "The identity signs in to another account.",
		Title: "Identity in use", Help: "The identity signs in to another account. Unlink it there first.",
	}
	IdentityNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "identity_not_found", Detail: "There is no such identity.",
		Title: "No such identity", Help: "You have no identity with this id.",
	}
	LinkInvalid = fault.Reason{
		Kind: fault.InvalidArgument, Code: "link_invalid",
		Detail: "The link is over, was used before or is another account's: sign in at the provider again.",
		Title:  "Link not valid",
		Help:   "It is over, was used before or is for another account: sign in at the provider again.",
	}
)

// RotationPending keeps operators from rotating keys while a new one waits for its turn.
// It reaches nobody but them.
var RotationPending = fault.Reason{
	Kind: fault.FailedPrecondition, Code: "rotation_pending", Detail: "A new key waits for its turn already.",
}

// All lists the module's reasons for the page of problems.
func All() []fault.Reason {
	return []fault.Reason{
		InvalidCredentials, UserNotFound, LastCredential, SignInLimited, CodeInvalid,
		TicketInvalid, CrossSite, RefreshTokenInvalid, SessionNotFound, StepUpRequired, FactorRequired,
		FactorPaused, FactorNotFound, TOTPEnrolled, NoFactor, PasskeyInvalid, PasskeyNotFound,
		PasskeysUnavailable, fault.ProviderNotFound, ProviderUnavailable, SignInOver, SignInCancelled,
		SignInRefused, SignInNotFresh, AddressUnverified, IdentityTaken, IdentityNotFound, LinkInvalid,
	}
}

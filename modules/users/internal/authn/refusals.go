package authn

import (
	"app/platform/fault"
)

// ErrCredentials refuses an address and password, without saying which of them is wrong.
func ErrCredentials() error {
	return fault.New(fault.Unauthenticated, "invalid_credentials", "The e-mail address or the password is wrong.")
}

// ErrSignedOut refuses whoever is not signed in.
func ErrSignedOut() error {
	return fault.New(fault.Unauthenticated, "unauthenticated", "You have to sign in.")
}

// ErrCode is the one answer to every code that is not accepted.
func ErrCode() error {
	f := fault.New(fault.InvalidArgument, "code_invalid", "The code is wrong, used or no longer valid.")
	f.Fields = []fault.Field{{Pointer: "/code", Detail: "is wrong, used or no longer valid"}}
	return f
}

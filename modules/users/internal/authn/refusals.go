package authn

import (
	"app/platform/fault"
)

func ErrCredentials() error {
	return fault.New(fault.Unauthenticated, "invalid_credentials", "The e-mail address or the password is wrong.")
}

func ErrSignedOut() error {
	return fault.New(fault.Unauthenticated, "unauthenticated", "You have to sign in.")
}

// ErrCode is the one answer to every code that is not accepted.
func ErrCode() error {
	f := fault.New(fault.InvalidArgument, "code_invalid", "The code is wrong, used or no longer valid.")
	f.Fields = []fault.Field{{Pointer: "/code", Detail: "is wrong, used or no longer valid"}}
	return f
}

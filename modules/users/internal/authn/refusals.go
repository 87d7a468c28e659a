package authn

import (
	"app/modules/users/internal/reason"
	"app/platform/fault"
)

// ErrCode is the one answer to every code that is not accepted.
func ErrCode() error {
	f := reason.CodeInvalid.New()
	f.Fields = []fault.Field{{Pointer: "/code", Detail: "is wrong, used or no longer valid"}}
	return f
}

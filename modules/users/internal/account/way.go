package account

import (
	"app/platform/fault"
)

// CheckLastCredential fails when an account is left without a way to sign in of its
// own: a code by e-mail is for whoever reads the mail. Error: last_credential.
func CheckLastCredential(account Account, identities, passkeys int) error {
	if account.PasswordHash != "" || identities > 0 || passkeys > 0 {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "last_credential", "It is the last way to sign in: set a password first.")
}

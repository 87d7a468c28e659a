package account

import "app/modules/users/internal/reason"

// CheckLastCredential fails when an account is left without a way to sign in of its
// own: a code by e-mail is for whoever reads the mail. Error: last_credential.
func CheckLastCredential(account Account, identities, passkeys int) error {
	if account.PasswordHash != "" || identities > 0 || passkeys > 0 {
		return nil
	}
	return reason.LastCredential.New()
}

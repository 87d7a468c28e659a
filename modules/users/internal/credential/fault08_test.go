package credential_test

import (
	"context"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
)

// An authenticator app that somebody planted in an imported account, whose address nobody has
// verified, does not survive the owner's new password; one that was set up by whoever
// has shown password and address does.
func TestFault08_PlantedFactorsDoNotSurviveTheOwnersReset(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		for name, confirmed := range map[string]bool{"planted": false, "owners": true} {
			email := name + "@example.com"
			hash, err := bcrypt.GenerateFromPassword([]byte(userstest.Attackers), bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.Accounts.Import(context.Background(), []account.Imported{{Line: 1, Email: email, PasswordHash: string(hash), FirstName: "A", LastName: "B"}}); err != nil {
				t.Fatal(err)
			}
			ctx := w.As(w.Login(email, userstest.Attackers).Access)
			if confirmed {
				if _, err := w.SignIns.StepUp(ctx, signin.StepUpProof{Method: authn.ByCode, Proof: w.Proof(context.Background(), email)}); err != nil {
					t.Fatal(err)
				}
			}
			e, err := w.Factors.EnrolTOTP(ctx)
			if err != nil {
				t.Fatal(err)
			}
			entry, err := totp.GenerateCode(e.Secret, w.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Factors.ConfirmTOTP(ctx, entry); err != nil {
				t.Fatal(err)
			}
			w.Clock.Pass(time.Second)
			before := len(w.Emitted())
			request, err := w.Credentials.RequestReset(context.Background(), email)
			if err != nil {
				t.Fatal(err)
			}
			proof := code.Proof{Request: request, Code: userstest.Issued(t, w.Emitted()[before:]).GetCode()}
			if err := w.Credentials.ResetPassword(context.Background(), credential.NewPassword{Proof: proof, Password: userstest.Secret, Confirm: userstest.Secret}); err != nil {
				t.Fatal(err)
			}
			in, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: email, Password: userstest.Secret})
			if err != nil || (in.Ticket != "") != confirmed {
				t.Errorf("%s: ticket %q, %v", name, in.Ticket, err)
			}
			if n := w.Count(`SELECT COUNT(*) FROM users_sessions WHERE ended_at IS NULL`); !confirmed && n != 1 {
				t.Errorf("%s: %d sessions go on", name, n)
			}
		}
	})
}

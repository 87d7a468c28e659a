package account_test

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/userstest"
	"app/platform/fault"
)

// A bcrypt hash from elsewhere opens the account, and is replaced by one of ours at the
// first sign-in.
func TestImportUpgradesHashes(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("brought along"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	in := []account.Imported{
		{Line: 1, Email: userstest.Ada, PasswordHash: strings.Replace(string(hash), "$2a$", "$2b$", 1), FirstName: "Ada", LastName: "Lovelace"},
		{Line: 2, Email: "bob@example.com", FirstName: "Bob", LastName: "Builder"},
	}
	if made, there, err := w.Accounts.Import(context.Background(), in); err != nil || made != 2 || there != 0 {
		t.Fatalf("%d, %d, %v", made, there, err)
	}
	if n := len(w.Emitted()); n != 0 {
		t.Errorf("%d events", n)
	}
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: "brought alone"})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	for range 2 {
		w.Login(userstest.Ada, "brought along")
		if n := w.Count(`SELECT COUNT(*) FROM users_accounts WHERE password_hash LIKE '$argon2id$%'`); n != 1 {
			t.Errorf("%d hashes of ours", n)
		}
	}
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: "bob@example.com", Password: ""})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	if _, err := w.SignIns.SignInWithCode(context.Background(), w.Proof(context.Background(), "bob@example.com"), authn.Bearer); err != nil {
		t.Errorf("without a password, with a code: %v", err)
	}
}

func TestImportInBatches(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	in := make([]account.Imported, 450)
	for i := range in {
		in[i] = account.Imported{Line: i + 1, Email: "a" + strings.Repeat("b", i%50) + string(rune('a'+i/50)) + "@example.com", FirstName: "A", LastName: "B"}
	}
	made, there, err := w.Accounts.Import(context.Background(), in)
	if err != nil || made != 450 || there != 0 || w.Count(`SELECT COUNT(*) FROM users_accounts`) != 450 {
		t.Errorf("%d, %d, %v", made, there, err)
	}
}

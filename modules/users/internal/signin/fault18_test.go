package signin_test

import (
	"context"
	"io/fs"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/signin"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/userstest"
	"app/modules/users/migrations"
	"app/platform/fault"
)

// A refused sign-in takes the same hashes for an imported account as for any other and
// for an address that has none, until the last imported hash is replaced; then it takes
// one of ours.
func TestFault18_ImportedAccountsAreNotToldByTheWork(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		hasher := passwords.NewHasher(passwords.Params{Memory: 8, Time: 1, Threads: 1}, nil)
		w.Set = w.With(func(o *subjects.Options) { o.Hasher = hasher })
		dearer, err := passwords.NewHasher(passwords.Params{Memory: 16, Time: 2, Threads: 1}, nil).Hash(context.Background(), userstest.Attackers)
		if err != nil {
			t.Fatal(err)
		}
		in := []account.Imported{{Line: 1, Email: "argon@example.com", PasswordHash: dearer, FirstName: "A", LastName: "B"}}
		for cost, email := range map[int]string{4: "four@example.com", 6: "six@example.com"} {
			hash, err := bcrypt.GenerateFromPassword([]byte(userstest.Attackers), cost)
			if err != nil {
				t.Fatal(err)
			}
			in = append(in, account.Imported{Line: cost, Email: email, PasswordHash: string(hash), FirstName: "A", LastName: "B"})
		}
		w.SignUp(userstest.Ada, userstest.Secret)
		off := w.SignUp("off@example.com", userstest.Secret)
		w.Run(`UPDATE users_accounts SET disabled_at = 1 WHERE id = ?`, off.ID)
		if _, _, err := w.Accounts.Import(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		work := func(email, password string) [2]int64 {
			t.Helper()
			argon, rounds := hasher.Work()
			_, err := w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: email, Password: password})
			userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
			a, r := hasher.Work()
			return [2]int64{a - argon, r - rounds}
		}
		same := func(want [2]int64) {
			t.Helper()
			for _, email := range []string{userstest.Ada, "unknown@example.com", "argon@example.com", "four@example.com", "six@example.com"} {
				if got := work(email, "Wrong-Horse-9"); got != want {
					t.Errorf("%s: %v, want %v", email, got, want)
				}
			}
			if got := work("off@example.com", userstest.Secret); got != want {
				t.Errorf("disabled: %v, want %v", got, want)
			}
		}
		same([2]int64{8 + 32, 64})
		w.Login("six@example.com", userstest.Attackers)
		same([2]int64{8 + 32, 16})
		w.Login("argon@example.com", userstest.Attackers)
		w.Login("four@example.com", userstest.Attackers)
		same([2]int64{8, 0})
	})
}

// An operator may end the time of imported hashes: they open nothing, and cost nothing.
func TestFault18_ImportedHashesMayBeShut(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(userstest.Attackers), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Accounts.Import(context.Background(), []account.Imported{{Line: 1, Email: userstest.Ada, PasswordHash: string(hash), FirstName: "A", LastName: "B"}}); err != nil {
		t.Fatal(err)
	}
	hasher := passwords.NewHasher(passwords.Params{Memory: 8, Time: 1, Threads: 1}, nil)
	w.Set = w.With(func(o *subjects.Options) { o.Hasher, o.OursOnly = hasher, true })
	_, err = w.SignIns.SignInWithPassword(context.Background(), signin.Credentials{Email: userstest.Ada, Password: userstest.Attackers})
	userstest.Wants(t, err, fault.Unauthenticated, "invalid_credentials")
	if argon, rounds := hasher.Work(); argon != 8 || rounds != 0 {
		t.Errorf("%d, %d rounds", argon, rounds)
	}
	if _, err := w.SignIns.SignInWithCode(context.Background(), w.Proof(context.Background(), userstest.Ada), authn.Bearer); err != nil {
		t.Errorf("with a code: %v", err)
	}
}

// Hashes that the last release imported are known by what they are.
func TestFault18_HashesOfTheLastRelease(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		for email, hash := range map[string]string{
			"a@example.com": "$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
			"b@example.com": "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"c@example.com": "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"d@example.com": "",
		} {
			u := w.SignUp(email, userstest.Secret)
			w.Run(`UPDATE users_accounts SET password_hash = ? WHERE id = ?`, hash, u.ID)
		}
		w.Run(fill(t))
		for kind, want := range map[string]int{"$2b$12$": 1, "$argon2id$v=19$m=65536,t=3,p=4$": 1, "": 2} {
			if n := w.Count(`SELECT COUNT(*) FROM users_accounts WHERE hash_kind = ?`, kind); n != want {
				t.Errorf("%q: %d", kind, n)
			}
		}
	})
}

// fill is the migration that looks at them.
func fill(t *testing.T) string {
	t.Helper()
	raw, err := fs.ReadFile(migrations.Files, "0070_fill_accounts_hash_kind.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

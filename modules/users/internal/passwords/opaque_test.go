package passwords_test

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/passwords"
)

// A keyboard writes é as one character, another as two; both are the password.
func TestFault25_PasswordsInEitherForm(t *testing.T) {
	t.Parallel()
	const composed, decomposed, spaced, wrong = "Café-Crème 9", "Cafe\u0301-Cre\u0300me 9", "Café-Crème\u00a09", "Cafe-Creme 9"
	h := passwords.NewHasher(cheap, nil)
	for _, set := range []string{composed, decomposed, spaced} {
		stored, err := h.Hash(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range []string{composed, decomposed, spaced} {
			if got, err := h.Check(t.Context(), stored, typed); err != nil || got != (passwords.Verdict{Match: true}) {
				t.Errorf("set as %+q, typed as %+q: %+v, %v", set, typed, got, err)
			}
		}
		if got, err := h.Check(t.Context(), stored, wrong); err != nil || got.Match {
			t.Errorf("%+q passes as %+q: %v", wrong, set, err)
		}
	}
}

// Hashes of before are of what was typed, and are made anew at the next sign-in.
func TestFault25_HashesOfBeforeAreGood(t *testing.T) {
	t.Parallel()
	const decomposed = "Cafe\u0301-Cre\u0300me-9"
	before, err := bcrypt.GenerateFromPassword([]byte(decomposed), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	raw := passwords.RawHash(cheap, decomposed)
	for name, stored := range map[string]string{"bcrypt": string(before), "argon2id": raw} {
		h := passwords.NewHasher(cheap, nil)
		want := passwords.Verdict{Match: true, Outdated: true}
		if got, err := h.Check(t.Context(), stored, decomposed); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		attempt := passwords.Attempt{Stored: stored, Password: decomposed, Kinds: []string{"$2a$04$"}}
		if got, err := h.CheckLevel(t.Context(), attempt); err != nil || got != want {
			t.Errorf("%s, signing in: %+v, %v", name, got, err)
		}
	}
}

// How many hashes a try costs follows from what was typed alone.
func TestFault25_CostDoesNotTellWhoIsThere(t *testing.T) {
	t.Parallel()
	h := passwords.NewHasher(cheap, nil)
	stored, err := h.Hash(t.Context(), "Correct-Horse-9")
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]int64{"Wrong-Horse-9": 1, "Falsche-Pférde-9": 1, "Falsche-Pfe\u0301rde-9": 2} {
		for name, stored := range map[string]string{"there": stored, "nobody": "", "damaged": stored[:40]} {
			before := h.Operations()
			if _, err := h.Check(t.Context(), stored, typed); err != nil || h.Operations()-before != want {
				t.Errorf("%s, %+q: %d hashes, want %d; %v", name, typed, h.Operations()-before, want, err)
			}
		}
	}
}

// The same holds at the sign-in, where hashes from elsewhere take longer.
func TestFault25_WorkOfARefusedSignInIsTheSame(t *testing.T) {
	t.Parallel()
	const decomposed = "Falsche-Pfe\u0301rde-9"
	legacy, err := bcrypt.GenerateFromPassword([]byte(decomposed), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[2]int64]bool{}
	for _, stored := range []string{"", string(legacy), passwords.RawHash(cheap, decomposed)} {
		h := passwords.NewHasher(cheap, nil)
		attempt := passwords.Attempt{Stored: stored, Password: decomposed, Kinds: []string{"$2a$04$"}, Barred: true}
		if got, err := h.CheckLevel(t.Context(), attempt); err != nil || got.Match {
			t.Errorf("%+v, %v", got, err)
		}
		argon2id, rounds := h.Work()
		seen[[2]int64{argon2id, rounds}] = true
	}
	if len(seen) != 1 {
		t.Errorf("work differs: %v", seen)
	}
}

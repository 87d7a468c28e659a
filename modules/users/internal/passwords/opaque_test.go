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
		got, err := h.Check(t.Context(), stored, decomposed)
		if err != nil || got != (passwords.Verdict{Match: true, Outdated: true}) {
			t.Errorf("%s: %+v, %v", name, got, err)
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

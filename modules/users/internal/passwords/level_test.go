package passwords_test

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/passwords"
)

// A refused password takes the same work whatever is stored for the address, as long as
// there are hashes from elsewhere: ours, none, a damaged one, bcrypt of any cost,
// argon2id of another.
func TestFault18_RefusedPasswordsTakeTheSameWork(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := passwords.NewHasher(cheap, nil)
	made := func(h *passwords.Hasher) string {
		t.Helper()
		stored, err := h.Hash(ctx, "Correct-Horse-9")
		if err != nil {
			t.Fatal(err)
		}
		return stored
	}
	blown := func(cost int) string {
		t.Helper()
		stored, err := bcrypt.GenerateFromPassword([]byte("Correct-Horse-9"), cost)
		if err != nil {
			t.Fatal(err)
		}
		return string(stored)
	}
	stored := map[string]string{
		"ours": made(h), "none": "", "damaged": "$argon2id$v=19$", "bcrypt 4": blown(4), "bcrypt 6": strings.Replace(blown(6), "$2a$", "$2b$", 1), "bcrypt 7": blown(7),
		"dearer": made(passwords.NewHasher(passwords.Params{Memory: 32, Time: 3, Threads: 1}, nil)),
		"other":  made(passwords.NewHasher(passwords.Params{Memory: 16, Time: 1, Threads: 2}, nil)),
	}
	for name, of := range map[string][]string{
		"AllKinds": {"ours", "none", "damaged", "bcrypt 4", "bcrypt 6", "bcrypt 7", "dearer", "other"},
		"OneCost":  {"ours", "none", "bcrypt 4"}, "Argon2id": {"ours", "none", "dearer"}, "Ours": {"ours", "none", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kinds []string
			for _, sort := range of {
				if kind := h.Kind(stored[sort]); kind != "" {
					kinds = append(kinds, kind)
				}
			}
			seen := map[[2]int64][]string{}
			for _, sort := range of {
				for _, barred := range []bool{false, true} {
					password := "Wrong-Horse-9"
					if barred {
						password = "Correct-Horse-9"
					}
					h := passwords.NewHasher(cheap, nil)
					got, err := h.CheckLevel(ctx, passwords.Attempt{Stored: stored[sort], Password: password, Kinds: kinds, Barred: barred})
					if err != nil || got.Match {
						t.Errorf("%s: %+v, %v", sort, got, err)
					}
					argon2id, rounds := h.Work()
					seen[[2]int64{argon2id, rounds}] = append(seen[[2]int64{argon2id, rounds}], sort)
				}
			}
			if len(seen) != 1 {
				t.Errorf("work differs: %v", seen)
			}
			if _, one := seen[[2]int64{8, 0}]; one != (name == "Ours") {
				t.Errorf("one hash of ours, or not: %v", seen)
			}
		})
	}
	for sort, hash := range stored {
		match, err := h.CheckLevel(ctx, passwords.Attempt{Stored: hash, Password: "Correct-Horse-9", Kinds: []string{"$2b$07$"}})
		if err != nil || match.Match != (sort != "none" && sort != "damaged") {
			t.Errorf("%s: %+v, %v", sort, match, err)
		}
	}
}

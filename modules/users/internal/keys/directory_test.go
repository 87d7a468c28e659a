package keys_test

import (
	"context"
	"testing"

	"app/modules/users/internal/registration"
	"app/modules/users/internal/subjects"
	"app/modules/users/internal/userstest"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/identity/token"
)

// Two processes that start at once on one database make one key and one secret, and
// accept each other's tokens and codes.
func TestKeysRacedByTwoProcesses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const processes = 6
		all := make([]*userstest.World, processes)
		sets := make([]string, processes)
		c := &userstest.Clock{At: userstest.Moment}
		for _, err := range userstest.Together(processes, func(i int) (err error) {
			all[i] = &userstest.World{T: t, DB: db, Clock: c}
			if all[i].Set, err = all[i].Start(func(*subjects.Options) {}); err != nil {
				return err
			}
			set, err := all[i].Keys.Set(context.Background())
			sets[i] = string(set)
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		w := all[0]
		parsed, err := token.ParseSet([]byte(sets[0]))
		if err != nil || len(parsed) != 1 || w.Count(`SELECT COUNT(*) FROM users_keys`) != 1 || w.Count(`SELECT COUNT(*) FROM users_secrets`) != 1 {
			t.Fatalf("%d keys, %v", len(parsed), err)
		}
		for _, set := range sets {
			if set != sets[0] {
				t.Errorf("two sets: %s, %s", set, sets[0])
			}
		}
		code := all[0].Code(userstest.Ada, userstest.Secret)
		if _, err := all[1].Registrations.Verify(context.Background(), registration.Proof{Email: userstest.Ada, Code: code, Password: userstest.Secret}); err != nil {
			t.Error(err)
		}
		all[3].Claims(all[2].Login(userstest.Ada, userstest.Secret).Access)
	}, userstest.Schemas()...)
}

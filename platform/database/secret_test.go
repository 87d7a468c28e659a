package database_test

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestSecret(t *testing.T) {
	t.Parallel()
	migrations := fstest.MapFS{"0001_create_secrets.up.sql": {Data: []byte(
		`CREATE TABLE test_secrets (name VARCHAR(40) NOT NULL PRIMARY KEY, secret VARCHAR(100) NOT NULL, created_at BIGINT NOT NULL)`)}}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var made [8]string
		var all sync.WaitGroup
		for i := range made {
			all.Go(func() {
				secret, err := db.Secret(t.Context(), "test_secrets", "tokens")
				if err != nil || len(secret) != 64 {
					t.Errorf("%q, %v", secret, err)
				}
				made[i] = secret
			})
		}
		all.Wait()
		for _, secret := range made {
			if secret != made[0] {
				t.Error("two that asked at once got different secrets")
			}
		}
		if other, err := db.Secret(t.Context(), "test_secrets", "links"); err != nil || other == made[0] {
			t.Errorf("another one: %v, the same: %t", err, other == made[0])
		}
		if _, err := db.Secret(t.Context(), "nowhere", "tokens"); err == nil || !strings.Contains(err.Error(), "secret tokens of test") {
			t.Errorf("no table: %v", err)
		}
	}, migrations)
}

package database_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestSmoke(t *testing.T) {
	set := fstest.MapFS{"0001_create_a.up.sql": {Data: []byte("CREATE TABLE a (id VARCHAR(10) PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0));\n")}}
	db := dbtest.Open(t, set)
	ctx := context.Background()
	err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO a (id, n) VALUES (?, ?)", "x", 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO a (id, n) VALUES (?, ?)", "x", 1)
		return err
	})
	if !database.IsDuplicate(err) {
		t.Fatal(err)
	}
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		var n int
		if err := q.Bun().NewSelect().Table("a").ColumnExpr("count(*)").Scan(ctx, &n); err != nil {
			return err
		}
		if n != 1 {
			return errors.New("no")
		}
		if err := q.QueryRow(ctx, "SELECT n FROM a WHERE id = ?", "x").Scan(&n); err != nil {
			return err
		}
		_, err := q.Exec(ctx, "INSERT INTO a (id, n) VALUES (?, ?)", "y", 1)
		if err == nil {
			return errors.New("written")
		}
		t.Log(err)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

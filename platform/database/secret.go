package database

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// Secret reads a secret of the module by its name, 32 random bytes in hexadecimal digits,
// and makes it when there is none. Of two processes that make it at once both get the
// first one's. table is a constant of the program:
//
//	CREATE TABLE orders_secrets (
//	    name VARCHAR(40) NOT NULL PRIMARY KEY,
//	    secret VARCHAR(64) NOT NULL,
//	    created_at BIGINT NOT NULL
//	)
func (db *DB) Secret(ctx context.Context, table, name string) (string, error) {
	secret, err := db.readSecret(ctx, table, name)
	if errors.Is(err, ErrNotFound) {
		made := make([]byte, 32)
		_, _ = rand.Read(made) // crypto/rand.Read never fails since Go 1.24
		err = db.Write(ctx, func(ctx context.Context, tx *Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO `+table+` (name, secret, created_at) VALUES (?, ?, ?)`, name, hex.EncodeToString(made), Micros(db.now()))
			return err
		})
		if err == nil || IsDuplicate(err) {
			secret, err = db.readSecret(ctx, table, name)
		}
	}
	if err != nil {
		return "", fmt.Errorf("secret %s of %s: %w", name, db.module, err)
	}
	return secret, nil
}

func (db *DB) readSecret(ctx context.Context, table, name string) (secret string, err error) {
	err = db.ReadOne(ctx, func(ctx context.Context, q *Tx) error {
		err := q.QueryRow(ctx, `SELECT secret FROM `+table+` WHERE name = ?`, name).Scan(&secret)
		return Found("secret", err)
	})
	return secret, err
}

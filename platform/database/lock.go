package database

import (
	"context"
	"fmt"
)

// Lock makes transactions that lock the same row wait for each other, from here to
// their ends. The row is made where there is none, so things without a row of their own
// can be locked: an account in a module that keeps no accounts, say. A limit that is
// counted under the lock of what it is for holds however many connections and replicas
// insert at once; on MySQL transactions run side by side and would each count without
// the others. table is a constant of the program:
//
//	CREATE TABLE orders_locks (id VARCHAR(40) NOT NULL PRIMARY KEY, locks BIGINT NOT NULL)
//
// Lock first what the transaction is going to lock, and several rows always in one
// order: transactions that wait for each other in a circle are a deadlock, which costs
// one of them a repetition.
func (t *Tx) Lock(ctx context.Context, table, id string) error {
	take := ` ON CONFLICT (id) DO UPDATE SET locks = locks + 1`
	if t.Engine() == MySQL { // an insert that meets a duplicate and then updates would deadlock with another of its kind
		take = ` ON DUPLICATE KEY UPDATE locks = locks + 1`
	}
	if _, err := t.Exec(ctx, `INSERT INTO `+table+` (id, locks) VALUES (?, 1)`+take, id); err != nil {
		return fmt.Errorf("lock %s: %w", id, err)
	}
	return nil
}

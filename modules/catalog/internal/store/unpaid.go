package store

import (
	"context"
	"database/sql"
	"hash/fnv"
	"time"

	"app/platform/database"
)

// Unpaid is what is held and not paid for.
type Unpaid struct {
	// Of one buyer, and of the whole network around it.
	Holds, Units, NetworkHolds, NetworkUnits int64
	// Frees is when the first of them lapses, zero when there are none.
	Frees time.Time
}

const (
	takeTurn = `INSERT INTO catalog_turns (id, taken) VALUES (?, 1) ON DUPLICATE KEY UPDATE taken = taken + 1`
	unpaidOf = `SELECT COUNT(CASE WHEN buyer = ? THEN 1 END), COALESCE(SUM(CASE WHEN buyer = ? THEN units ELSE 0 END), 0), COUNT(*),
	COALESCE(SUM(units), 0), MIN(expires_at) FROM catalog_holds WHERE network = ? AND network <> '' AND state = 'held'`
)

// turns is how many rows there are to lock, at most.
const turns = 1024

// UnpaidOf counts the holds of a buyer and of the network around it. Nobody else takes
// one in this network until the transaction ends: on MySQL a row keeps the others
// waiting, and SQLite has one writer at a time.
func UnpaidOf(ctx context.Context, tx *database.Tx, buyer, network string) (u Unpaid, err error) {
	if tx.Engine() == database.MySQL {
		h := fnv.New32a()
		_, _ = h.Write([]byte(network)) // never fails
		if _, err := tx.Exec(ctx, takeTurn, h.Sum32()%turns); err != nil {
			return Unpaid{}, wrapStoreError("take turn", err)
		}
	}
	var frees sql.NullInt64
	err = tx.QueryRow(ctx, unpaidOf, buyer, buyer, network).Scan(&u.Holds, &u.Units, &u.NetworkHolds, &u.NetworkUnits, &frees)
	u.Frees = database.NullTime(frees)
	return u, wrapStoreError("count unpaid holds", err)
}

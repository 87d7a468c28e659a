package mysql

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/go-sql-driver/mysql"
)

// AwaitOthers waits until there are no connections to the schema besides those that
// this process is going to open, and gives how many are left when the patience is over.
// Those of other accounts are seen by an account that may see them.
func AwaitOthers(ctx context.Context, server Server, patience time.Duration) (others int, err error) {
	config, err := server.config(slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return 0, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { _ = db.Close() }() // it only asked
	for deadline := time.Now().Add(patience); ; {
		const count = `SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`
		err := db.QueryRowContext(ctx, count).Scan(&others)
		if err != nil || others == 0 || time.Now().After(deadline) {
			return others, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return others, ctx.Err()
		}
	}
}

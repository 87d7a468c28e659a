package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
)

// ErrInUse is a database that somebody else has open, most likely the process that
// serves its module.
var ErrInUse = errors.New("in use: stop the process that serves the module, and whoever else has the database open")

// aloneFor is how long OpenAlone waits for others to leave: a process that has just
// ended may not be gone yet.
const aloneFor = 3 * time.Second

// OpenAlone is Open for work during which nobody else may use the database. ErrInUse
// when somebody does. On SQLite all others are kept out until Close. A server has no
// such lock: see Alone.
func OpenAlone(ctx context.Context, o Options) (*DB, error) {
	if err := Alone(ctx, o); err != nil {
		return nil, err
	}
	o.alone = true
	db, err := Open(ctx, o)
	if isBusy(err) {
		return nil, fmt.Errorf("open database of %s: %w", o.Module, ErrInUse)
	}
	return db, err
}

// Alone is ErrInUse when there are connections to a schema on a server besides those of
// the caller's account that this process is going to open: none may be open when it is
// called. Those of other accounts are seen by an account that may see them. On SQLite
// it is always nil, since OpenAlone holds a lock there.
func Alone(ctx context.Context, o Options) error {
	o = o.withDefaults()
	place, err := o.Location()
	if err != nil || place.Engine != MySQL {
		return err
	}
	config, err := mysqlConfig(place, o.Logger)
	if err != nil {
		return fmt.Errorf("open database %s: %w", place, err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("open database %s: %w", place, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { _ = db.Close() }() // it only asked
	if err := awaitAlone(ctx, db); err != nil {
		return fmt.Errorf("open database %s: %w", place, err)
	}
	return nil
}

func awaitAlone(ctx context.Context, db *sql.DB) error {
	for deadline := time.Now().Add(aloneFor); ; {
		var others int
		err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`).Scan(&others)
		if err != nil || others == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d other connections: %w", others, ErrInUse)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

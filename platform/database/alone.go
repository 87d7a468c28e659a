package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/platform/database/internal/mysql"
	"app/platform/database/internal/sqlite"
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
	if sqlite.IsBusy(err) {
		return nil, fmt.Errorf("open database of %s: %w", o.Module, ErrInUse)
	}
	return db, err
}

// Alone is ErrInUse when there are connections to a schema on a server besides those of
// the caller's account that this process is going to open: none may be open when it is
// called. Those of other accounts are seen by an account that may see them. On SQLite
// it is always nil, since OpenAlone holds a lock there.
func Alone(ctx context.Context, o Options) error {
	place, err := o.Location()
	if err != nil || place.Engine != MySQL {
		return err
	}
	others, err := mysql.AwaitOthers(ctx, place.server(), aloneFor)
	if err == nil && others > 0 {
		err = fmt.Errorf("%d other connections: %w", others, ErrInUse)
	}
	if err != nil {
		return fmt.Errorf("open database %s: %w", place, err)
	}
	return nil
}

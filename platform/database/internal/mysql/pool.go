package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

func newPool(config *mysql.Config, setup string, size Pool) (*sql.DB, error) {
	connector, err := mysql.NewConnector(config) // works on a copy of the configuration
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(setupConnector{connector, setup})
	db.SetMaxOpenConns(size.Conns)
	db.SetMaxIdleConns(size.Conns)
	db.SetConnMaxLifetime(size.Lifetime)
	db.SetConnMaxIdleTime(size.Idle)
	return db, nil
}

// setupConnector runs a statement on each new connection. The isolation level has no
// variable that MySQL 8.4 and MariaDB 10.11 both know, only this statement.
type setupConnector struct {
	driver.Connector
	setup string
}

// Connect implements driver.Connector. database/sql calls it for some connections with
// a context that never ends.
func (c setupConnector) Connect(ctx context.Context) (driver.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := c.connectAndSetUp(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("connect: %w within %s: %w", errNoAnswer, connectLimit, err)
	}
	return conn, err
}

func (c setupConnector) connectAndSetUp(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, fmt.Errorf("driver connection %T runs no statements", conn)
	}
	if _, err := execer.ExecContext(ctx, c.setup, nil); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"strings"

	"modernc.org/sqlite"
)

// maxStatements bounds the prepared statements a connection keeps. The texts in a
// program are finite; only lists such as IN (?, ?, ?) make more of them.
const maxStatements = 256

// connector makes connections to one file, set up by pragmas.
type connector struct {
	path    string
	pragmas []string
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return &sqlite.Driver{} }

// Connect implements driver.Connector. The pragmas are set in order; each must succeed.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := c.Driver().Open((&url.URL{Scheme: "file", OmitHost: true, Path: c.path}).String())
	if err != nil {
		return nil, err
	}
	conn, ok := raw.(driverConn)
	if !ok {
		return nil, fmt.Errorf("driver connection %T runs no statements", raw)
	}
	for _, pragma := range c.pragmas {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+pragma, nil); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return &preparedConn{conn: conn, statements: make(map[string]*statement)}, nil
}

// driverConn is what the driver's connections can do.
type driverConn interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	IsReadOnly(schema string) (bool, error)
}

// driverStmt is what the driver's statements can do.
type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type statement struct {
	driverStmt
	busy bool // its rows are open: a second use would move the first one's cursor
}

// preparedConn is a driver connection that keeps its prepared statements. It exists
// because preparing costs more than a point read, and because the driver's statements
// must not be used again while their rows are open.
type preparedConn struct {
	conn       driverConn
	statements map[string]*statement
	reading    context.Context // of the Read in progress; its end stops the rows
	// changed and failed tell whether a statement may have changed something, or met an
	// error. Nothing here resets them.
	changed, failed bool
}

// Prepare implements driver.Conn.
func (c *preparedConn) Prepare(query string) (driver.Stmt, error) { return c.conn.Prepare(query) }

// errNested refuses a transaction beside those of the writer.
var errNested = errors.New("sqlite: the writer begins transactions")

// Begin implements driver.Conn; transactions are the writer's business.
func (c *preparedConn) Begin() (driver.Tx, error) { return nil, errNested }

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	for query, s := range c.statements {
		_ = s.Close()
		delete(c.statements, query)
	}
	return c.conn.Close()
}

// ExecContext implements driver.ExecerContext. The context is not handed to SQLite: an
// interrupted statement would roll back the whole transaction, and watching it costs a
// goroutine each time.
func (c *preparedConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.exec(query, args)
	if err != nil {
		c.failed = true
		return nil, err
	}
	rows, err := result.RowsAffected()
	if len(args) == 0 || rows > 0 || err != nil { // a statement without arguments may be one that counts no rows
		c.changed = true
	}
	return result, nil
}

func (c *preparedConn) exec(query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.conn.ExecContext(context.Background(), query, nil)
	}
	s, err := c.preparedStatement(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args)
}

// QueryContext implements driver.QueryerContext; see ExecContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(query) < len(selects) || !strings.EqualFold(query[:len(selects)], selects) {
		c.changed = true
	}
	rows, err := c.query(query, args)
	if err != nil {
		c.failed = true
	}
	return rows, err
}

// selects is how queries begin that change nothing. Others may as well change nothing.
const selects = "SELECT "

func (c *preparedConn) query(query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.wrapRows(nil)(c.conn.QueryContext(context.Background(), query, nil))
	}
	s, err := c.preparedStatement(query)
	if err != nil {
		return nil, err
	}
	if s.busy {
		return c.wrapRows(nil)(c.conn.QueryContext(context.Background(), query, args))
	}
	return c.wrapRows(s)(s.QueryContext(context.Background(), args))
}

// preparedStatement finds or prepares. Statements without arguments never come here:
// they are rare, or made by the query builder with their values in the text, and would
// push out the others.
func (c *preparedConn) preparedStatement(query string) (*statement, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	prepared, err := c.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	stmt, ok := prepared.(driverStmt)
	if !ok {
		return nil, fmt.Errorf("driver statement %T takes no context", prepared)
	}
	if len(c.statements) >= maxStatements {
		c.evictStatement()
	}
	s := &statement{driverStmt: stmt}
	c.statements[query] = s
	return s, nil
}

// evictStatement closes any statement that is not in use.
func (c *preparedConn) evictStatement() {
	for query, s := range c.statements {
		if !s.busy {
			_ = s.Close()
			delete(c.statements, query)
			return
		}
	}
}

func (c *preparedConn) wrapRows(s *statement) func(driver.Rows, error) (driver.Rows, error) {
	return func(rows driver.Rows, err error) (driver.Rows, error) {
		if err != nil {
			return nil, err
		}
		if s != nil {
			s.busy = true
		}
		return &preparedRows{Rows: rows, conn: c, statement: s}, nil
	}
}

// preparedRows gives the statement back when it is closed.
type preparedRows struct {
	driver.Rows
	conn      *preparedConn
	statement *statement
	closed    bool
}

// Next implements driver.Rows; it stops when the Read's context has ended.
func (r *preparedRows) Next(dest []driver.Value) error {
	if ctx := r.conn.reading; ctx != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	err := r.Rows.Next(dest)
	if err != nil && err != io.EOF { //nolint:errorlint // as the interface has it
		r.conn.failed = true
	}
	return err
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.statement != nil {
		r.statement.busy = false
	}
	return r.Rows.Close()
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName for bun's
// maps.
func (r *preparedRows) ColumnTypeDatabaseTypeName(index int) string {
	if rows, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return rows.ColumnTypeDatabaseTypeName(index)
	}
	return ""
}

// ColumnTypeScanType implements driver.RowsColumnTypeScanType for bun's maps.
func (r *preparedRows) ColumnTypeScanType(index int) reflect.Type {
	if rows, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return rows.ColumnTypeScanType(index)
	}
	return reflect.TypeFor[any]()
}

// execControl runs a statement of the engine itself, prepared once, outside of
// database/sql: only who holds the writer's turn calls it.
func (c *preparedConn) execControl(query string) error {
	s, err := c.preparedStatement(query)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	if _, err = s.ExecContext(context.Background(), nil); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

package database

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// bunConn lets bun's queries run through a Tx and its rules.
type bunConn struct{ t *Tx }

func (c bunConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return c.t.Exec(ctx, query, args...)
}

func (c bunConn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.t.Query(ctx, query, args...)
}

func (c bunConn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	inner, err := c.t.session.BeginStatement(ctx)
	if err != nil {
		ended, cancel := context.WithCancel(ctx)
		cancel() // *sql.Row cannot be made by hand; an ended context makes one that carries an error
		inner = ended
	}
	row := c.t.session.Conn.QueryRowContext(inner, query, args...)
	_ = c.t.session.Judge(row.Err())
	return row
}

// builder is bun's query builder bound to a Tx.
type builder struct{ bunConn }

var _ bun.IDB = builder{}

func (b builder) db() *bun.DB { return b.t.db.bunDB() }

func (b builder) Dialect() schema.Dialect { return b.db().Dialect() }

func (b builder) NewValues(model any) *bun.ValuesQuery {
	return bun.NewValuesQuery(b.db(), model).Conn(b.bunConn)
}
func (b builder) NewSelect() *bun.SelectQuery { return bun.NewSelectQuery(b.db()).Conn(b.bunConn) }
func (b builder) NewInsert() *bun.InsertQuery { return bun.NewInsertQuery(b.db()).Conn(b.bunConn) }
func (b builder) NewUpdate() *bun.UpdateQuery { return bun.NewUpdateQuery(b.db()).Conn(b.bunConn) }
func (b builder) NewDelete() *bun.DeleteQuery { return bun.NewDeleteQuery(b.db()).Conn(b.bunConn) }
func (b builder) NewMerge() *bun.MergeQuery   { return bun.NewMergeQuery(b.db()).Conn(b.bunConn) }
func (b builder) NewRaw(query string, args ...any) *bun.RawQuery {
	return bun.NewRawQuery(b.db(), query, args...).Conn(b.bunConn)
}
func (b builder) NewCreateTable() *bun.CreateTableQuery {
	return bun.NewCreateTableQuery(b.db()).Conn(b.bunConn)
}
func (b builder) NewDropTable() *bun.DropTableQuery {
	return bun.NewDropTableQuery(b.db()).Conn(b.bunConn)
}
func (b builder) NewCreateIndex() *bun.CreateIndexQuery {
	return bun.NewCreateIndexQuery(b.db()).Conn(b.bunConn)
}
func (b builder) NewDropIndex() *bun.DropIndexQuery {
	return bun.NewDropIndexQuery(b.db()).Conn(b.bunConn)
}
func (b builder) NewTruncateTable() *bun.TruncateTableQuery {
	return bun.NewTruncateTableQuery(b.db()).Conn(b.bunConn)
}
func (b builder) NewAddColumn() *bun.AddColumnQuery {
	return bun.NewAddColumnQuery(b.db()).Conn(b.bunConn)
}
func (b builder) NewDropColumn() *bun.DropColumnQuery {
	return bun.NewDropColumnQuery(b.db()).Conn(b.bunConn)
}

// BeginTx refuses: the transaction is the Write around it.
func (b builder) BeginTx(context.Context, *sql.TxOptions) (bun.Tx, error) {
	return bun.Tx{}, ErrNested
}

// RunInTx refuses: the transaction is the Write around it.
func (b builder) RunInTx(context.Context, *sql.TxOptions, func(context.Context, bun.Tx) error) error {
	return ErrNested
}

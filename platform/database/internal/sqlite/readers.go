package sqlite

import (
	"context"
	"database/sql"

	"app/platform/database/internal/engine"
)

// defaultReaders is enough for small machines: a query on SQLite is work for a core,
// not waiting.
const defaultReaders = 4

// readers is a pool of connections that refuse changes, opened when they are first
// needed.
type readers struct {
	db     *sql.DB
	free   chan *reader
	slots  chan struct{} // one for each connection that may still be opened
	closed chan struct{}
}

type reader struct {
	conn *sql.Conn
	raw  *preparedConn
}

func newReaders(db *sql.DB, limit int) *readers {
	if limit < 1 {
		limit = defaultReaders
	}
	p := &readers{db: db, free: make(chan *reader, limit), slots: make(chan struct{}, limit), closed: make(chan struct{})}
	for range limit {
		p.slots <- struct{}{}
	}
	return p
}

// runRead runs fn; one of a single statement needs no transaction to be a snapshot.
func (p *readers) runRead(ctx context.Context, single bool, fn engine.Work) error {
	r, err := p.acquireReader(ctx)
	if err != nil {
		return err
	}
	session := &engine.Session{Conn: r.conn, Base: context.Background(), Single: single}
	if !single {
		session.Begin = func(context.Context) error { return r.raw.execControl("BEGIN") }
	}
	r.raw.reading = ctx
	defer func() { // also after a panic
		session.End()
		r.raw.reading = nil
		if session.Begin != nil && session.Begun() {
			_ = r.raw.execControl("COMMIT") // it changed nothing, and with no rows open it cannot fail
		}
		p.free <- r
	}()
	return fn(ctx, session)
}

// acquireReader gives a free reader, opens one while there are fewer than the limit, or
// waits.
func (p *readers) acquireReader(ctx context.Context) (*reader, error) {
	select {
	case <-p.closed:
		return nil, engine.ErrClosed
	default:
	}
	select {
	case r := <-p.free:
		return r, nil
	default:
	}
	select {
	case r := <-p.free:
		return r, nil
	case <-p.slots:
		return p.openReader(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, engine.ErrClosed
	}
}

func (p *readers) openReader(ctx context.Context) (*reader, error) {
	conn, raw, err := patientConn(context.WithoutCancel(ctx), p.db, openPatience)
	if err != nil {
		p.slots <- struct{}{}
		return nil, err
	}
	return &reader{conn: conn, raw: raw}, nil
}

// close waits for the reads in progress. It is called once.
func (p *readers) close() {
	close(p.closed)
	for range cap(p.slots) {
		select {
		case r := <-p.free:
			_ = r.conn.Close()
		case <-p.slots:
		}
	}
}

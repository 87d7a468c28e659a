package database_test

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// wideRow is as wide as an order, the widest row that a hot statement reads.
type wideRow struct {
	bun.BaseModel `bun:"table:wide,alias:w"`

	ID        string             `bun:"id,pk"`
	A         string             `bun:"a"`
	B         string             `bun:"b"`
	C         string             `bun:"c"`
	D         string             `bun:"d"`
	E         string             `bun:"e"`
	F         string             `bun:"f"`
	G         string             `bun:"g"`
	H         string             `bun:"h"`
	I         string             `bun:"i"`
	Status    shipmentStatus     `bun:"status"`
	Total     int64              `bun:"total"`
	Version   int64              `bun:"version"`
	ExpiresAt database.Timestamp `bun:"expires_at"`
	DueAt     database.Timestamp `bun:"due_at,nullzero"`
	CreatedAt database.Timestamp `bun:"created_at"`
}

var (
	wide      = database.ModelOf[wideRow]()
	wideTable = fstest.MapFS{"0001_create_wide.up.sql": {Data: []byte(`CREATE TABLE wide (id VARCHAR(40) NOT NULL PRIMARY KEY,
		a TEXT NOT NULL, b TEXT NOT NULL, c TEXT NOT NULL, d TEXT NOT NULL, e TEXT NOT NULL, f TEXT NOT NULL, g TEXT NOT NULL,
		h TEXT NOT NULL, i TEXT NOT NULL, status TEXT NOT NULL, total BIGINT NOT NULL, version BIGINT NOT NULL,
		expires_at BIGINT NOT NULL, due_at BIGINT, created_at BIGINT NOT NULL)`)}}
)

const (
	wideColumns = "w.id, w.a, w.b, w.c, w.d, w.e, w.f, w.g, w.h, w.i, w.status, w.total, w.version, w.expires_at, w.due_at, w.created_at"
	wideInsert  = `INSERT INTO wide (id, a, b, c, d, e, f, g, h, i, status, total, version, expires_at, due_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// scanWide is what a store would write by hand.
func scanWide(row interface{ Scan(...any) error }) (wideRow, error) {
	var w wideRow
	var expires, created int64
	var due *int64
	err := row.Scan(&w.ID, &w.A, &w.B, &w.C, &w.D, &w.E, &w.F, &w.G, &w.H, &w.I, &w.Status, &w.Total, &w.Version, &expires, &due, &created)
	w.ExpiresAt.Time, w.CreatedAt.Time = database.Time(expires), database.Time(created)
	if due != nil {
		w.DueAt.Time = database.Time(*due)
	}
	return w, err
}

func wideRows(n int) []wideRow {
	rows := make([]wideRow, n)
	at := database.Timestamp{Time: time.Unix(1_800_000_000, 0).UTC()}
	for i := range rows {
		text := fmt.Sprintf("text-%026d", i)
		rows[i] = wideRow{ID: fmt.Sprintf("ord_%026d", i), A: text, B: text, C: text, D: text, E: text, F: text, G: text, H: text, I: text,
			Status: "paid", Total: 1990, Version: 3, ExpiresAt: at, CreatedAt: at}
	}
	return rows
}

// BenchmarkModel compares a Model with what a store would write by hand: one row by its
// key, a page of fifty, and an insert.
func BenchmarkModel(b *testing.B) {
	rows := wideRows(50)
	open := func(b *testing.B) *database.DB {
		b.Helper()
		db := dbtest.Open(b, wideTable)
		err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error { return wide.Insert(ctx, tx, "row", rows...) })
		if err != nil {
			b.Fatal(err)
		}
		return db
	}
	reads := map[string]func(context.Context, *database.Tx) error{
		"Get/Model": func(ctx context.Context, q *database.Tx) error {
			_, err := wide.Get(ctx, q, "row", "WHERE w.id = ?", rows[7].ID)
			return err
		},
		"Get/ByHand": func(ctx context.Context, q *database.Tx) error {
			_, err := scanWide(q.QueryRow(ctx, "SELECT "+wideColumns+" FROM wide w WHERE w.id = ?", rows[7].ID))
			return err
		},
		"List/Model": func(ctx context.Context, q *database.Tx) error {
			_, err := wide.List(ctx, q, "rows", "WHERE w.id >= ? ORDER BY w.id", rows[0].ID)
			return err
		},
		"List/ByHand": func(ctx context.Context, q *database.Tx) error { return listWide(ctx, q, rows[0].ID) },
	}
	for name, read := range reads {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			b.ReportAllocs()
			for b.Loop() {
				if err := db.ReadOne(context.Background(), read); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	inserts := map[string]func(context.Context, *database.Tx, wideRow) error{
		"Model": func(ctx context.Context, tx *database.Tx, row wideRow) error { return wide.Insert(ctx, tx, "row", row) },
		"ByHand": func(ctx context.Context, tx *database.Tx, w wideRow) error {
			_, err := tx.Exec(ctx, wideInsert, w.ID, w.A, w.B, w.C, w.D, w.E, w.F, w.G, w.H, w.I, w.Status, w.Total, w.Version,
				database.Micros(w.ExpiresAt.Time), database.NullMicros(w.DueAt.Time), database.Micros(w.CreatedAt.Time))
			return err
		},
	}
	for name, insert := range inserts {
		b.Run("Insert/"+name, func(b *testing.B) { benchmarkInserts(b, open(b), rows[0], insert) })
	}
}

func listWide(ctx context.Context, q *database.Tx, from string) error {
	rows, err := q.Query(ctx, "SELECT "+wideColumns+" FROM wide w WHERE w.id >= ? ORDER BY w.id", from)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var list []wideRow
	for rows.Next() {
		w, err := scanWide(rows)
		if err != nil {
			return err
		}
		list = append(list, w)
	}
	if len(list) == 0 {
		return database.ErrNotFound
	}
	return rows.Err()
}

// benchmarkInserts leaves the commit out: all rows go into one transaction, which is
// undone.
func benchmarkInserts(b *testing.B, db *database.DB, row wideRow, insert func(context.Context, *database.Tx, wideRow) error) {
	b.ReportAllocs()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		for n := 0; b.Loop(); n++ {
			row.ID = fmt.Sprintf("new_%026d", n)
			if err := insert(ctx, tx, row); err != nil {
				return err
			}
		}
		return errRefused
	})
	if err != errRefused { //nolint:errorlint // as it was returned
		b.Fatal(err)
	}
}

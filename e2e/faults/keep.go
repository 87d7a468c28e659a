package faults

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"app/e2e/harness/invariants"
)

// keep writes all tables of all modules into the folder, a file for each with a row on
// each line, for whoever looks at a run that failed.
func keep(ctx context.Context, dbs invariants.Databases, dir string) error {
	for module, db := range dbs {
		tables, err := column(ctx, db, `SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()`)
		if err != nil {
			return err
		}
		folder := filepath.Join(dir, "tables", module)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		for _, table := range tables {
			if err := keepTable(ctx, db, table, filepath.Join(folder, table+".jsonl")); err != nil {
				return fmt.Errorf("keep %s: %w", table, err)
			}
		}
	}
	return nil
}

func keepTable(ctx context.Context, db *sql.DB, table, path string) error {
	rows, err := db.QueryContext(ctx, "SELECT * FROM `"+table+"`") //nolint:gosec // the name is the server's
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // the encoder has told
	out := json.NewEncoder(file)
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := map[string]string{}
		for i, cell := range cells {
			if cell.Valid {
				row[names[i]] = cell.String
			}
		}
		if err := out.Encode(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

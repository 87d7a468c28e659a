package transfer

import (
	"context"

	"app/platform/database"
)

// ReadingOn is the statement by which a copy reads a table on from a row with the
// values of the key.
func ReadingOn(ctx context.Context, db *database.DB, name string, key ...any) (query string, args []any, err error) {
	all, err := readTables(ctx, db)
	for _, t := range all {
		if t.name == name {
			query, args = t.selectAfterKey(db.Engine(), key, 10)
		}
	}
	return query, args, err
}

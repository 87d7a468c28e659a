package transfer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"app/platform/database"
	"app/platform/database/internal/marks"
	"app/platform/database/migrate"
)

// state is how far the migrations of a database have come, beside those of the program.
type state struct {
	empty      bool // it has none
	halfCopied bool
	missing    string // the first that the program has and the database has not
	unknown    string // the first that the database has and the program has not
}

func readState(ctx context.Context, db *database.DB) (state, error) {
	present, err := marks.Read(ctx, db)
	if err != nil {
		return state{}, fmt.Errorf("read migrations of %s: %w", db.Module(), err)
	}
	list, err := migrate.Status(ctx, db)
	if err != nil {
		return state{}, err
	}
	s := state{empty: len(present) == 0}
	_, s.halfCopied = present[marks.Copying]
	delete(present, marks.Copying)
	for _, m := range list {
		if m.AppliedAt.IsZero() && s.missing == "" {
			s.missing = m.ID
		}
		delete(present, m.ID)
	}
	if len(present) > 0 {
		s.unknown = slices.Min(slices.Collect(maps.Keys(present)))
	}
	return s, nil
}

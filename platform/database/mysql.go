package database

import (
	"context"
	"errors"
)

func openMySQL(ctx context.Context, place Location, o Options) (store, error) {
	return nil, errors.New("MySQL: not yet")
}

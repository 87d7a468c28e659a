package store_test

import (
	"testing"

	"app/modules/merchants/internal/store"
)

func TestRowsKeepEverything(t *testing.T) {
	t.Parallel()
	store.RowsKeepEverything(t)
}

package store

import "app/platform/database"

// Statement is the SQL of List.
func (f Filter) Statement(on database.Engine) (string, []any) {
	return f.buildQuery(on, selectProducts, "20")
}

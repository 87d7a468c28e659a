package store

import "app/platform/database"

// Statement is the SQL of Orders.
func (f Filter) Statement(on database.Engine) (string, []any) { return f.listQuery(on) }

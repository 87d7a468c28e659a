package database

import (
	"errors"

	"app/platform/database/internal/mysql"
	"app/platform/database/internal/sqlite"
	"app/platform/fault"
)

// IsDuplicate reports whether err comes from a statement that would have broken a
// PRIMARY KEY or a UNIQUE constraint.
func IsDuplicate(err error) bool { return sqlite.IsDuplicate(err) || mysql.IsDuplicate(err) }

// IsCheck reports whether err comes from a statement that would have broken a CHECK
// constraint.
func IsCheck(err error) bool { return sqlite.IsCheck(err) || mysql.IsCheck(err) }

// IsNoTable reports whether err comes from a statement about a table that is not there.
func IsNoTable(err error) bool { return sqlite.IsNoTable(err) || mysql.IsNoTable(err) }

// IsAway reports whether err comes from a server that was not there, or went away: the
// same work may succeed later.
func IsAway(err error) bool {
	var v *fault.Error
	return errors.As(err, &v) && v.Code == fault.Unavailable || mysql.IsLost(err)
}

package sqlite

import (
	"errors"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsDuplicate reports whether err comes from a statement that would have broken a
// PRIMARY KEY or a UNIQUE constraint.
func IsDuplicate(err error) bool {
	return hasCode(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID)
}

// IsCheck reports whether err comes from a statement that would have broken a CHECK
// constraint.
func IsCheck(err error) bool { return hasCode(err, sqlite3.SQLITE_CONSTRAINT_CHECK) }

func hasCode(err error, codes ...int) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && slices.Contains(codes, lite.Code())
}

// IsNoTable reports whether err comes from a statement about a table that is not there.
func IsNoTable(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && strings.Contains(lite.Error(), "no such table")
}

// IsBusy reports whether another process has the file.
func IsBusy(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// IsFull reports whether err comes from a disk without space, or from one that does not
// take what is written: FULL and IOERR with all their extended codes.
func IsFull(err error) bool {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return false
	}
	primary := lite.Code() & 0xff
	return primary == sqlite3.SQLITE_FULL || primary == sqlite3.SQLITE_IOERR
}

package database

import (
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsDuplicate reports whether err comes from a statement that would have broken a
// PRIMARY KEY or a UNIQUE constraint.
func IsDuplicate(err error) bool {
	return hasErrorCode(err, []int{sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID},
		[]uint16{1062, 1586})
}

// IsCheck reports whether err comes from a statement that would have broken a CHECK
// constraint.
func IsCheck(err error) bool {
	return hasErrorCode(err, []int{sqlite3.SQLITE_CONSTRAINT_CHECK}, []uint16{3819, 4025}) // MySQL, MariaDB
}

func hasErrorCode(err error, onSQLite []int, onMySQL []uint16) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		for _, code := range onSQLite {
			if lite.Code() == code {
				return true
			}
		}
	}
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		for _, code := range onMySQL {
			if my.Number == code {
				return true
			}
		}
	}
	return false
}

func isBusy(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// IsNoTable reports whether err comes from a statement about a table that is not there.
func IsNoTable(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return strings.Contains(lite.Error(), "no such table")
	}
	return hasErrorCode(err, nil, []uint16{1146})
}

package mysql

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"app/platform/database/internal/engine"
)

// IsDuplicate reports whether err comes from a statement that would have broken a
// PRIMARY KEY or a UNIQUE constraint.
func IsDuplicate(err error) bool { return hasNumber(err, 1062, 1586) }

// IsCheck reports whether err comes from a statement that would have broken a CHECK
// constraint, on MySQL or MariaDB.
func IsCheck(err error) bool { return hasNumber(err, 3819, 4025) }

// IsNoTable reports whether err comes from a statement about a table that is not there.
func IsNoTable(err error) bool { return hasNumber(err, 1146) }

func hasNumber(err error, numbers ...uint16) bool {
	var my *mysql.MySQLError
	return errors.As(err, &my) && slices.Contains(numbers, my.Number)
}

// IsFull reports whether err comes from a disk without space: 1021 disk full, 1114 table
// full, and 1030 with the operating system's error 28, ENOSPC.
func IsFull(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) && my.Number == 1030 {
		return strings.Contains(my.Message, "error 28")
	}
	return hasNumber(err, 1021, 1114)
}

// IsLost reports whether the connection broke, could not be made, or was ended by the
// server.
func IsLost(err error) bool {
	var network *net.OpError
	var name *net.DNSError
	return errors.Is(err, errNoAnswer) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.As(err, &network) || errors.As(err, &name) || isTurnedAway(err)
}

// isTurnedAway finds the errors of a server that is there and takes no work: too many
// connections (of all, of this user), shutting down, a statement or a connection that
// was killed, and broken packets.
func isTurnedAway(err error) bool {
	return hasNumber(err, 1040, 1203, 1053, 1317, 1927, 3169, 1152, 1158, 1159, 1160, 1161)
}

// isAnswer reports whether the server itself sent the error.
func isAnswer(err error) bool {
	var my *mysql.MySQLError
	return errors.As(err, &my)
}

// isRetryable reports whether the transaction was undone for no fault of its own:
// deadlock, lock wait, a row changed since the snapshot (MariaDB), or a connection that
// was dead before the transaction began.
func isRetryable(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number == 1213 || my.Number == 1205 || my.Number == 1020
	}
	return errors.Is(err, driver.ErrBadConn)
}

// brokenBy is what all further statements of a transaction get that ended with an error
// on the server, nil when it goes on.
func brokenBy(err error) error {
	switch {
	case isRetryable(err):
		return err
	case errors.Is(err, mysql.ErrInvalidConn): // lost before the commit was asked for: safe to repeat
		return fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return nil
}

// closedError gives database/sql's unexported error our name.
func closedError(err error) error {
	if err != nil && err.Error() == "sql: database is closed" {
		return engine.ErrClosed
	}
	return err
}

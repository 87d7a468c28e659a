package database

import (
	"database/sql"
	"database/sql/driver"
	"time"
)

// Timestamp is a point in time as a field of a row: microseconds since 1970 in a BIGINT
// column, as Micros has them, and read in UTC. NULL is read as the zero time; the zero
// time is stored as NULL only where the field has the tag nullzero, for a Model and for
// bun alike.
type Timestamp struct{ time.Time } //nolint:recvcheck // a Valuer is a value, a Scanner is a pointer

var (
	_ driver.Valuer = Timestamp{}
	_ sql.Scanner   = (*Timestamp)(nil)
)

// Value implements driver.Valuer. bun writes into its text what it returns.
func (t Timestamp) Value() (driver.Value, error) { return Micros(t.Time), nil }

// Scan implements sql.Scanner.
func (t *Timestamp) Scan(src any) error {
	if us, ok := src.(int64); ok {
		t.Time = Time(us)
		return nil
	}
	var us sql.NullInt64
	if err := us.Scan(src); err != nil {
		return err
	}
	t.Time = NullTime(us)
	return nil
}

package metadata

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

var (
	_ driver.Valuer = Metadata{}
	_ sql.Scanner   = (*Metadata)(nil)
)

// Value implements driver.Valuer: a JSON object for a column MEDIUMTEXT, since all
// within the bounds takes more than the 65,535 bytes of a TEXT on MySQL. No metadata is
// NULL.
func (m Metadata) Value() (driver.Value, error) {
	if len(m) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // "<" would take six bytes
	if err := e.Encode(map[string]string(m)); err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// Scan implements sql.Scanner. What was there before is left to whoever holds it.
func (m *Metadata) Scan(src any) error {
	*m = nil
	var raw []byte
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		raw = []byte(src)
	case []byte:
		raw = src
	default:
		return fmt.Errorf("scan metadata: a column of %T", src)
	}
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, (*map[string]string)(m)); err != nil {
		return fmt.Errorf("scan metadata: %w", err)
	}
	if len(*m) == 0 {
		*m = nil
	}
	return nil
}

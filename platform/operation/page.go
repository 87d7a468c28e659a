package operation

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"app/platform/fault"
)

// Page is one page of a list.
type Page[T any] struct {
	Data    []T    `json:"data" doc:"The entries of this page"`
	HasMore bool   `json:"has_more" doc:"Whether another page follows"`
	Next    string `json:"next,omitempty" doc:"Opaque; send it as after to get the next page"`
}

// Paging is the input of a list operation; embed it.
type Paging struct {
	Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"Entries in a page at most"`
	After string `query:"after" maxLength:"1024" doc:"The field next of the page before"`
}

// Want is how many rows to read: one more than the page holds, to know whether another
// follows.
func (p Paging) Want() int { return p.Limit + 1 }

// NewPage makes a page of up to limit rows out of at most limit+1. cursor gives the
// sort key of the last row shown, the unique id last, as DecodeCursor will return it.
func NewPage[T any](rows []T, limit int, cursor func(last T) []string) Page[T] {
	if len(rows) <= limit {
		if rows == nil {
			rows = []T{} // clients are promised an array
		}
		return Page[T]{Data: rows}
	}
	rows = rows[:limit]
	return Page[T]{Data: rows, HasMore: true, Next: EncodeCursor(cursor(rows[limit-1])...)}
}

// EncodeCursor makes an opaque cursor of the parts of a sort key.
func EncodeCursor(parts ...string) string {
	raw, _ := json.Marshal(parts) // strings always encode
	return base64.RawURLEncoding.EncodeToString(raw)
}

// DecodeCursor reads a cursor of n parts; an empty one gives nil, the first page. A
// cursor that EncodeCursor did not make is the caller's mistake: a fault that points at
// /after.
func DecodeCursor(after string, n int) ([]string, error) {
	if after == "" {
		return nil, nil
	}
	var parts []string
	raw, err := base64.RawURLEncoding.Strict().DecodeString(after)
	if err == nil && utf8.Valid(raw) {
		err = json.Unmarshal(raw, &parts)
	}
	if err != nil || len(parts) != n {
		return nil, fault.Invalid(fault.Field{Pointer: "/after", Detail: "is not a cursor of this list"})
	}
	return parts, nil
}

package operation_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/fault"
	"app/platform/operation"
)

func TestNewPage(t *testing.T) {
	t.Parallel()
	cursor := func(s string) []string { return []string{"sort", s} }
	for name, c := range map[string]struct {
		rows []string
		want operation.Page[string]
	}{
		"nil":  {nil, operation.Page[string]{Data: []string{}}},
		"full": {[]string{"a", "b"}, operation.Page[string]{Data: []string{"a", "b"}}},
		"more": {[]string{"a", "b", "c"}, operation.Page[string]{Data: []string{"a", "b"}, HasMore: true, Next: operation.EncodeCursor("sort", "b")}},
	} {
		if diff := cmp.Diff(c.want, operation.NewPage(c.rows, 2, cursor)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	for _, parts := range [][]string{{"prd_1"}, {"2025-11-20T09:30:00Z", "prd_1"}, {"", "a\x00\"b", "é,|"}} {
		cursor := operation.EncodeCursor(parts...)
		got, err := operation.DecodeCursor(cursor, len(parts))
		if diff := cmp.Diff(parts, got); diff != "" || err != nil || strings.ContainsAny(cursor, "+/=&") {
			t.Errorf("cursor %s: %v (-want +got):\n%s", cursor, err, diff)
		}
		if _, err := operation.DecodeCursor(cursor, len(parts)+1); fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("cursor of another list: %v", err)
		}
	}
	if got, err := operation.DecodeCursor("", 2); got != nil || err != nil {
		t.Errorf("first page: %v, %v", got, err)
	}
	for _, bad := range []string{"x", "!!!", "bnVsbA", "WzFd", "WyJhIl0=", "/w", operation.EncodeCursor("a") + "A"} {
		if _, err := operation.DecodeCursor(bad, 1); fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		``: true, `"7"`: true, `*`: true, `"6","7"`: true, `"6" , "7"`: true,
		`W/"7"`: false, `"70"`: false, `7`: false, `"6"`: false, `""`: false, `,`: false,
	} {
		if err := (operation.Conditional{IfMatch: header}).Match(7); (err == nil) != want {
			t.Errorf("If-Match: %s against 7: %v", header, err)
		}
	}
}

func TestPathID(t *testing.T) {
	t.Parallel()
	if err := operation.PathID("id", "ord", "ord_01kan4v6e8fx2s1gq0vj5t3x7c"); err != nil {
		t.Error(err)
	}
	err := operation.PathID("id", "ord", "prd_01kan4v6e8fx2s1gq0vj5t3x7c")
	if got := fault.From(err).Fields; len(got) != 1 || got[0].Pointer != "/id" {
		t.Errorf("got %v", err)
	}
}

package outbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/events/outbox"
)

// A range says what the list says, and nothing else.
func TestAmong(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		seqs      []int64
		condition string
		args      []any
	}{
		{[]int64{7}, "BETWEEN ? AND ?", []any{int64(7), int64(7)}},
		{[]int64{9, 7, 8}, "BETWEEN ? AND ?", []any{int64(7), int64(9)}},
		{[]int64{7, 7, 8}, "BETWEEN ? AND ?", []any{int64(7), int64(8)}},
		{[]int64{7, 7, 9}, "IN (?, ?, ?, ?)", []any{int64(7), int64(9), int64(9), int64(9)}},
		{[]int64{1, 3, 4, 5}, "IN (?, ?, ?, ?)", []any{int64(1), int64(3), int64(4), int64(5)}},
	} {
		condition, args := outbox.SeqCondition(tc.seqs)
		if condition != tc.condition || !cmp.Equal(args, tc.args) {
			t.Errorf("%d: %s %v, want %s %v", tc.seqs, condition, args, tc.condition, tc.args)
		}
	}
}

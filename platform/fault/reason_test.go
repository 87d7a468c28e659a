package fault_test

import (
	"fmt"
	"testing"

	"app/platform/fault"
)

// A module declares each of its codes once, throws it by the value, and gives the same
// value to the page of problems.
func ExampleReason() {
	slugTaken := fault.Reason{
		Kind: fault.AlreadyExists, Code: "slug_taken", Detail: "Another merchant has this slug.",
		Title: "Slug taken", Help: "Choose another, or send none to get one made.",
	}

	err := fmt.Errorf("open merchant: %w", slugTaken.New())
	fmt.Println(err)
	fmt.Println(slugTaken.Matches(err))
	// Output:
	// open merchant: already_exists (slug_taken)
	// true
}

func TestReason(t *testing.T) {
	t.Parallel()
	r := fault.Reason{Kind: fault.ResourceExhausted, Code: "too_many_chairs", Detail: "That is too much."}
	if got := r.New(); got.Code != fault.ResourceExhausted || got.Reason != "too_many_chairs" || got.Detail != "That is too much." {
		t.Errorf("New: %+v", got)
	}
	if got := r.Newf("%d chairs at most.", 4); got.Code != fault.ResourceExhausted || got.Reason != "too_many_chairs" || got.Detail != "4 chairs at most." {
		t.Errorf("Newf: %+v", got)
	}
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"own":           {r.New(), true},
		"of a callee":   {&fault.CallError{Code: fault.ResourceExhausted, Reason: "too_many_chairs"}, true},
		"another":       {fault.NotSignedIn.New(), false},
		"none":          {nil, false},
		"of the system": {fmt.Errorf("disk on fire"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := r.Matches(tc.err); got != tc.want {
				t.Errorf("matches %v: %t", tc.err, got)
			}
		})
	}
}

package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"app/platform/fault"
)

func TestFrom(t *testing.T) {
	t.Parallel()
	own := fault.New(fault.AlreadyExists, "slug_taken", "The slug is taken.")
	for name, tc := range map[string]struct {
		err  error
		code fault.Code
	}{
		"OwnVerdictStays":          {fmt.Errorf("insert merchant: %w", own), fault.AlreadyExists},
		"CalleeVerdictIsInternal":  {&fault.CallError{Module: "catalog", Code: fault.NotFound}, fault.Internal},
		"CalleeUnavailableStays":   {&fault.CallError{Module: "catalog", Code: fault.Unavailable}, fault.Unavailable},
		"CalleeTimeoutStays":       {&fault.CallError{Module: "catalog", Code: fault.DeadlineExceeded}, fault.DeadlineExceeded},
		"ContextCanceled":          {fmt.Errorf("read: %w", context.Canceled), fault.Canceled},
		"ContextDeadline":          {fmt.Errorf("read: %w", context.DeadlineExceeded), fault.DeadlineExceeded},
		"UnknownIsInternal":        {errors.New("disk on fire at /dev/sda"), fault.Internal},
		"OwnVerdictOverItsCallErr": {fault.New(fault.FailedPrecondition, "stock_short", "").Because(&fault.CallError{Code: fault.NotFound}), fault.FailedPrecondition},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.From(tc.err).Code; got != tc.code {
				t.Errorf("code %s, want %s", got, tc.code)
			}
		})
	}
	if fault.From(nil) != nil || fault.CodeOf(nil) != "" || fault.ReasonOf(nil) != "" {
		t.Error("no error became an Error")
	}
}

func TestCodeOfReadsTheCalleeCode(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("reserve: %w", &fault.CallError{Code: fault.FailedPrecondition, Reason: "stock_short"})
	if fault.CodeOf(err) != fault.FailedPrecondition || fault.ReasonOf(err) != "stock_short" {
		t.Errorf("got %s (%s)", fault.CodeOf(err), fault.ReasonOf(err))
	}
}

package service_test

import (
	"strings"
	"testing"

	"app/modules/payments/internal/service"
	"app/platform/fault"
	"app/platform/text"
)

// What a provider says of a failure ends between two characters, so that MySQL keeps
// it.
func TestFault21_WhatProvidersSayIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, said := range []string{strings.Repeat("a", service.MaxResult-1) + "é", strings.Repeat("é", 200), "Caf\xe9", strings.Repeat("\xff", 400)} {
		if kept := service.Kept(said); len(kept) > service.MaxResult || text.Valid(kept) != kept {
			t.Errorf("%q is kept as %q", said, kept)
		}
	}
}

func TestFault26_ReasonsOfRefunds(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\u200bb", "a\u202eb", "a\nb", "\x00", strings.Repeat("x", 251)} {
		in := service.RefundRequest{Reason: bad}
		if err := service.CheckRefund(&in); fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("%+q: %v", bad, err)
		}
	}
	in := service.RefundRequest{Reason: " خراب\u200cشده\u3000"}
	if err := service.CheckRefund(&in); err != nil || in.Reason != "خراب\u200cشده" {
		t.Errorf("%+q, %v", in.Reason, err)
	}
}

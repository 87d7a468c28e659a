package budget_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/template"
)

func TestOfRecipient(t *testing.T) {
	t.Parallel()
	for address, key := range map[string]string{
		"ada@example.com":            "ada@example.com",
		"ADA@Example.com":            "ada@example.com",
		"ada+shop@example.com":       "ada@example.com",
		"a.da@example.com":           "a.da@example.com",
		"a.d.a+shop@googlemail.com":  "ada@gmail.com",
		"+shop@example.com":          "+shop@example.com",
		"ada+one+two@mail.gmail.com": "ada@mail.gmail.com",
	} {
		got, err := budget.OfRecipient(address, 20, template.Half)
		want := budget.Budget{Kind: budget.Recipient, Key: key, Most: 20, Per: 24 * time.Hour, Room: 10}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", address, err, diff)
		}
	}
	if _, err := budget.OfRecipient("nobody", 20, template.Whole); err == nil {
		t.Error("what is no address has a budget")
	}
}

func TestOfWriter(t *testing.T) {
	t.Parallel()
	l := budget.Limits{Merchant: 1, Owner: 2, Network: 3}
	want := []budget.Budget{
		{Kind: budget.Network, Key: "203.0.113.0/24", Most: 3, Per: time.Hour, Room: 3},
		{Kind: budget.Owner, Key: "usr_1", Most: 2, Per: time.Hour, Room: 2},
		{Kind: budget.Merchant, Key: "mrc_1", Most: 1, Per: time.Hour, Room: 1},
	}
	if diff := cmp.Diff(want, l.OfWriter("mrc_1", "usr_1", "203.0.113.0/24")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want[1:], l.OfWriter("mrc_1", "usr_1", "")); diff != "" {
		t.Errorf("from a network that is not known (-want +got)\n%s", diff)
	}
}

package cli_test

import (
	"strings"
	"testing"
)

// A broker that is away is no mistake, and its password is nobody's business.
func TestPlanWithABroker(t *testing.T) {
	t.Parallel()
	code, out, stderr := run(t, map[string]string{
		"BANK_URL": "http://bank", "INTERNAL_KEY": strings.Repeat("k", 32), "BROKER_URL": "amqp://me:secret@127.0.0.1:1/",
	}, "plan", "--module=shop")
	if code != 0 || stderr != "" || strings.Contains(out, "secret") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, out)
	}
	flat := strings.Join(strings.Fields(out), " ")
	for _, line := range []string{
		"emits shop.Sold to bank by the broker",
		"broker amqp://me@127.0.0.1:1/ does not answer: events wait until it does (connect to the broker: dial tcp 127.0.0.1:1: connect: connection refused)",
	} {
		if !strings.Contains(flat, line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
}

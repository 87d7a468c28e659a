package cli_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A simulated split is in the banner, and its summary is the last word.
func TestSimulatedSplit(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "serve", "--all", "--simulate-split=bank", "--split-latency=4ms", "--split-duplicate=100%", "--split-seed=9")
	base := p.url(t)
	response, err := http.Post(base+"/v1/sales", "application/json", strings.NewReader(`{"account":"acme","amount":5}`))
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("sale: %v %v", response, err)
	}
	_ = response.Body.Close()
	eventually(t, func() bool {
		_, body := get(t, base+"/v1/accounts/acme")
		return strings.Contains(body, `"amount":5`)
	})
	_ = p.Process.Signal(syscall.SIGINT)
	said, err := io.ReadAll(p.banner)
	if err != nil {
		t.Fatal(err)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
	for _, want := range []string{
		`(?m)^  simulated split: bank, 4ms later, 100 % twice \(seed 9\)$`,
		`(?m)^ +calls +shop +bank +2 +\d+\.\d +\d+\.\d +0 +1$`,
		`(?m)^ +events +shop +bank +1 .* 0 +1$`, `(?m)^ +requests +door +bank +\d+ `,
	} {
		if !regexp.MustCompile(want).Match(said) {
			t.Errorf("nothing like %s in\n%s", want, said)
		}
	}
}

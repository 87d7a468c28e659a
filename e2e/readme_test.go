package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"app/e2e/harness/shop"
)

// The walk in the README works when it is pasted, line by line, against a shop that
// runs.
func TestREADME_Walk(t *testing.T) {
	t.Parallel()
	walk(t, shop.Open(t, shop.Local, nil))
}

func walk(t *testing.T, s *shop.Shop) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(shop.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- walk: .*?-->\n```bash\n(.*?)```").FindSubmatch(raw)
	if block == nil {
		t.Fatal("the README has no walk")
	}
	script := strings.Replace(string(block[1]), "http://127.0.0.1:8080", s.Base, 1)
	out, err := exec.CommandContext(t.Context(), "bash", "-u", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`the code is \d{6}`, `\nmrc_\w+\n`, `\nprd_\w+\n`, `\ncrt_\w+\n`, `\nord_\w+\n`, `"status":"paid"`, `Receipt for order ord_`, `"available":3`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("nothing like %s in:\n%s", want, out)
		}
	}
}

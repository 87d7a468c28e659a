package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A patch that no longer applies proves nothing. It is found here in a second, not only
// by make mutations.
func TestPatchesApply(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git to apply patches with")
	}
	mutations, err := readAll(os.DirFS("."), "")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if _, err := output(t.Context(), root, m.patch, "git", "apply", "--check", "-"); err != nil {
				t.Errorf("the code that it breaks has moved or changed; write the patch anew: %v", err)
			}
		})
	}
}

const header = "# breaks: the rule\n# expect: go test ./a -run TestA -count=1\n"

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, wrong string }{
		"OK":           {header + "+++ b/a/a.go\n", ""},
		"ErrNoRule":    {"# expect: go test ./a -run TestA -count=1\n+++ b/a/a.go\n", "no line '# breaks"},
		"ErrNoTest":    {"# breaks: the rule\n+++ b/a/a.go\n", "no line '# expect"},
		"ErrNoChange":  {header, "changes no file"},
		"ErrCached":    {"# breaks: the rule\n# expect: go test ./a -run TestA\n+++ b/a/a.go\n", "want go test"},
		"ErrOtherTool": {"# breaks: the rule\n# expect: rm -r ./a -run -count=1\n+++ b/a/a.go\n", "want go test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse("x", []byte(c.text))
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
		})
	}
}

// The module of this test has a test for each thing that can become of one, and no
// dependencies.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module a\n\ngo 1.26\n",
		"a_test.go": `package a

import "testing"

func TestPasses(t *testing.T)   { t.Run("sub", func(t *testing.T) {}) }
func TestFails(t *testing.T)    { t.Error("no") }
func TestPanics(t *testing.T)   { panic("no") }
func TestSkips(t *testing.T)    { t.Run("sub", func(t *testing.T) { t.Skip("no server") }) }
func TestHangs(t *testing.T)    { <-make(chan bool) }
`,
		"b/b_test.go": "package b\n\nfunc TestBroken() { undefined() }\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ command, unmutated, mutated string }{
		"Pass":    {"go test . -run TestPasses -count=1", "passed", "SURVIVED"},
		"Fail":    {"go test . -run TestFails -count=1", "FAILED", "killed"},
		"Panic":   {"go test . -run TestPanics -count=1", "FAILED", "killed"},
		"Skip":    {"go test . -run TestSkips/sub -count=1", "skipped", "SURVIVED"},
		"Hang":    {"go test . -run TestHangs -count=1 -timeout=1s", "FAILED", "TIMED OUT"},
		"Nothing": {"go test . -run TestOfOldName -count=1", "FAILED", "SURVIVED"},
		"Broken":  {"go test ./b -run TestBroken -count=1", "FAILED", "NO BUILD"},
		"NoSuch":  {"go test ./c -run TestX -count=1", "FAILED", "NO BUILD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := command(strings.Fields(c.command)).run(t.Context(), dir)
			got, why := r.mutated()
			if diff := cmp.Diff([]string{c.unmutated, c.mutated}, []string{r.unmutated(), got}); diff != "" {
				t.Errorf("-want +got\n%s\n%s", diff, why)
			}
		})
	}
}

func TestVerdictOfARun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tally tally
		ok    bool
	}{
		"AllKilled":  {tally{"killed": 3}, true},
		"OneSkipped": {tally{"killed": 3, "skipped": 1}, true},
		"Survivor":   {tally{"killed": 3, "SURVIVED": 1}, false},
		"Stale":      {tally{"killed": 3, "STALE": 1}, false},
		"NoProof":    {tally{"skipped": 3}, false},
	} {
		if err := c.tally.verdict(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

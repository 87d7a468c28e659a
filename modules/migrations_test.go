package modules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A check of a list of three values and more makes SQLite open a table of its own for
// every row that is written; a chain of OR does not. That was an eighth of what a
// checkout costs.
func TestChecksAreNotLists(t *testing.T) {
	t.Parallel()
	list := regexp.MustCompile(`(?i)CHECK\s*\([^()]*\bIN\s*\(([^()]*)\)`)
	found := 0
	for _, pattern := range []string{"*/migrations/*.sql*", "../platform/*/migrations/*.sql"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found += len(files)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range list.FindAllStringSubmatch(string(raw), -1) {
				if strings.Count(match[1], ",") >= 2 {
					t.Errorf("%s: %s: write it with OR, or with BETWEEN", file, match[0])
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("%d files of migrations found: the patterns are wrong", found)
	}
}

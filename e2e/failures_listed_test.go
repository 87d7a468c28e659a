package e2e

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var numbered = regexp.MustCompile(`(?m)^func Test(Failure|Fault)([0-9]{2})_`)

// What a test is numbered by has a row in docs/failures.md, and every row a test.
func TestFailuresAreListed(t *testing.T) {
	t.Parallel()
	root := ".."
	tested := map[string]map[int]bool{"Failure": {}, "Fault": {}}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range numbered.FindAllSubmatch(source, -1) {
			number, _ := strconv.Atoi(string(found[2])) // two digits
			tested[string(found[1])][number] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "failures.md"))
	if err != nil {
		t.Fatal(err)
	}
	others, ours, ok := bytes.Cut(text, []byte("\n## Faults of this shop"))
	if !ok {
		t.Fatal("docs/failures.md has no list of the faults of this shop")
	}
	row := regexp.MustCompile(`(?m)^\| ([0-9]+) \|`)
	for kind, list := range map[string][]byte{"Failure": others, "Fault": ours} {
		var listed []int
		for _, found := range row.FindAllSubmatch(list, -1) {
			number, _ := strconv.Atoi(string(found[1]))
			listed = append(listed, number)
		}
		slices.Sort(listed)
		if want := slices.Sorted(maps.Keys(tested[kind])); !slices.Equal(listed, want) {
			t.Errorf("docs/failures.md lists %v of Test%s, there are tests of %v", listed, kind, want)
		}
	}
}

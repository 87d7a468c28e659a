package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	named  = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
)

// Each test that docs/security.md names is in the package that the line names before
// it.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(page)) {
		folder := "" // each line says where
		for _, match := range quoted.FindAllStringSubmatch(line, -1) {
			switch word := match[1]; {
			case named.MatchString(word):
				found++
				if !declares(t, filepath.Join("../..", folder), word) {
					t.Errorf("%s has no %s", folder, word)
				}
			case isFolder(word):
				folder = word
			}
		}
	}
	if found < 80 {
		t.Errorf("the page names %d tests: is it read right?", found)
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(filepath.Join("../..", path))
	return err == nil && info.IsDir()
}

// declares reports whether a package has a test function of the name.
func declares(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}

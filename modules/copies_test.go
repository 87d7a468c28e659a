package modules_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// longestCopy is how many lines in a row two modules may have alike: more than that is
// code that belongs into the platform, or into the one module that knows best.
const longestCopy = 10

// TestModulesShareNoCode checks that no two modules repeat each other line by line.
// Tests and their harnesses, generated code, imports and empty lines are not looked at.
func TestModulesShareNoCode(t *testing.T) {
	t.Parallel()
	copies, err := copiedRuns(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range copies {
		t.Errorf("%s: more than %d lines as in %s: keep one of them", c.at, longestCopy, c.as)
	}
}

// copied is a place that repeats another.
type copied struct{ at, as string }

// copiedRuns lists where a run of lines begins that is longer than longestCopy and
// stands in another module too, once for each pair of files.
func copiedRuns(tree fs.FS) (copies []copied, err error) {
	type place struct{ module, file, at string }
	first := map[string]place{}
	told := map[[2]string]bool{}
	err = eachFile(tree, "modules", ".go", func(file string) error {
		source, err := fs.ReadFile(tree, file)
		if err != nil || isOfTests(file) || strings.HasPrefix(string(source), "// Code generated ") {
			return err
		}
		module := strings.Split(file, "/")[1]
		lines := linesOfCode(string(source))
		for i := range max(0, len(lines)-longestCopy) {
			run := ""
			for _, l := range lines[i : i+longestCopy+1] {
				run += l.text + "\n"
			}
			here := place{module, file, fmt.Sprintf("%s:%d", file, lines[i].number)}
			other, seen := first[run]
			if !seen {
				first[run] = here
			} else if pair := [2]string{file, other.file}; other.module != module && !told[pair] {
				told[pair] = true
				copies = append(copies, copied{here.at, other.at})
			}
		}
		return nil
	})
	return copies, err
}

// isOfTests reports whether a file is a test, or in a package that only tests use.
func isOfTests(file string) bool {
	return strings.HasSuffix(file, "_test.go") || strings.HasSuffix(path.Dir(file), "test")
}

// lineOfCode is a line that says something.
type lineOfCode struct {
	number int
	text   string
}

func linesOfCode(source string) (lines []lineOfCode) {
	imports := false
	for i, line := range slices.Collect(strings.Lines(source)) {
		text := strings.TrimSpace(line)
		switch {
		case text == "import (":
			imports = true
		case imports:
			imports = text != ")"
		case text != "" && !strings.HasPrefix(text, "import "):
			lines = append(lines, lineOfCode{i + 1, text})
		}
	}
	return lines
}

func TestCopiedRuns(t *testing.T) {
	t.Parallel()
	var long strings.Builder
	for i := range longestCopy + 1 {
		_, _ = fmt.Fprintf(&long, "\tstep%d()\n\n", i)
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	copies, err := copiedRuns(fstest.MapFS{
		"modules/a/one.go":      file("package a\n\nimport (\n\t\"x\"\n)\n\nfunc a() {\n" + long.String() + "}\n"),
		"modules/a/two.go":      file("package a\n\nfunc again() {\n" + long.String() + "}\n"),
		"modules/b/one_test.go": file("package b\n\nfunc b() {\n" + long.String() + "}\n"),
		"modules/b/one.go":      file("package b\n\nfunc b() {\n" + long.String() + "}\n"),
		"modules/c/one.go":      file("package c\n\nfunc c() {\n" + strings.Replace(long.String(), "step5", "other", 1) + "}\n"),
	})
	want := []copied{{at: "modules/b/one.go:4", as: "modules/a/one.go:8"}}
	if err != nil || !slices.Equal(copies, want) {
		t.Errorf("%v, %v; want %v", copies, err, want)
	}
}

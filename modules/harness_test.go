package modules_test

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The scenarios (e2e) and the benchmarks (bench) know the program and not the other way
// round. What the two share is in the harness, which knows neither.
const (
	scenarios  = "e2e"
	benchmarks = "bench"
	harness    = "e2e/harness"
	program    = "the program"
)

// apart checks that nobody imports scenarios or benchmarks, and only these two the
// harness.
func apart(tree fs.FS) func() ([]string, error) {
	return func() (broken []string, err error) {
		for _, root := range []string{"main.go", "modules", "platform", scenarios, benchmarks} {
			found, err := eachImport(tree, root, func(file, imported string) string {
				from, to := partOf(file), partOf(strings.TrimPrefix(imported, "app/"))
				if from == to || to == program || (to == harness && from != program) {
					return ""
				}
				return from + " does not know " + to
			})
			if err != nil {
				return nil, err
			}
			broken = append(broken, found...)
		}
		return broken, nil
	}
}

// partOf names the part of the tree that a file or a package is in.
func partOf(name string) string {
	for _, part := range []string{harness, scenarios, benchmarks} {
		if name == part || strings.HasPrefix(name, part+"/") {
			return part
		}
	}
	return program
}

// requirement is a line of a go.mod that names a module and its version.
var requirement = regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`)

// sameVersions checks that scenarios and benchmarks require what the program requires
// in the same version. The workspace takes the higher one for all three: they would
// test another program than the one that is released.
func sameVersions(tree fs.FS) func() ([]string, error) {
	return func() (broken []string, err error) {
		own, err := requirements(tree, "go.mod")
		if err != nil {
			return nil, err
		}
		for _, file := range []string{scenarios + "/go.mod", benchmarks + "/go.mod"} {
			theirs, err := requirements(tree, file)
			if err != nil {
				return nil, err
			}
			for _, name := range slices.Sorted(maps.Keys(theirs)) {
				if version, shared := own[name]; shared && version != theirs[name] {
					broken = append(broken, fmt.Sprintf("%s: requires %s %s, the program %s", file, name, theirs[name], version))
				}
			}
		}
		return broken, nil
	}
}

// requirements maps the modules that a go.mod requires to their versions.
func requirements(tree fs.FS, file string) (map[string]string, error) {
	text, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, line := range requirement.FindAllStringSubmatch(string(text), -1) {
		versions[line[1]] = line[2]
	}
	return versions, nil
}

package modules_test

import (
	"io/fs"
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

package modules_test

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// undivided are packages that have a service.go and whose other file of the package's
// name is no domain: those that are not a subject yet, and checkout, which is a process
// over the domains of cart and order. A line that is not needed any more has to go.
var undivided = []string{
	"modules/orders/internal/checkout",
}

// outside is what a domain file does without: it can be read and tested with nothing
// around it.
var outside = []string{
	"database/sql", "net/http", "app/platform/database", "app/platform/events", "app/platform/httpserver",
	"app/platform/idempotency", "app/platform/operation", "app/platform/rpc",
}

// domains checks the file <noun>.go of each subject, internal/<noun> with a service.go:
// its types and rules import nothing that stores, serves or calls.
func domains(tree fs.FS, undivided []string) func() ([]string, error) {
	return func() ([]string, error) {
		services, err := fs.Glob(tree, "modules/[a-z]*/internal/*/service.go")
		if err != nil {
			return nil, err
		}
		var broken []string
		needed := map[string]bool{}
		for _, service := range services {
			dir := path.Dir(service)
			complaints, err := domainImports(tree, dir)
			if err != nil {
				return nil, err
			}
			needed[dir] = len(complaints) > 0
			if !slices.Contains(undivided, dir) {
				broken = append(broken, complaints...)
			}
		}
		for _, dir := range undivided {
			if !needed[dir] {
				broken = append(broken, fmt.Sprintf("modules/subjects_test.go: take %q off undivided", dir))
			}
		}
		return broken, nil
	}
}

// domainImports lists what the domain file of the subject in dir should not import. A
// subject without such a file has no domain of its own, and so no complaint.
func domainImports(tree fs.FS, dir string) ([]string, error) {
	noun := path.Base(dir)
	file := path.Join(dir, noun+".go")
	if _, err := fs.Stat(tree, file); err != nil {
		return nil, nil //nolint:nilerr // there is no such file
	}
	if noun == "service" {
		return []string{fmt.Sprintf("%s: name the package after the subject, internal/<noun>", file)}, nil
	}
	imports, err := importsOf(tree, file)
	var broken []string
	for _, imported := range imports {
		if slices.Contains(outside, imported) {
			broken = append(broken, fmt.Sprintf("%s: imports %s: move what needs it to %s", file, imported, path.Join(dir, "service.go or store.go")))
		}
	}
	return broken, err
}

// statement finds SQL in the source of a file.
var statement = regexp.MustCompile("[`\"](?:SELECT .* FROM|INSERT INTO|UPDATE [a-z_]+ SET|DELETE FROM)\\b")

// handlers checks that the files which parse and render, rest.go, hold no SQL.
func handlers(tree fs.FS) func() ([]string, error) {
	return func() (broken []string, err error) {
		err = eachFile(tree, "modules", "rest.go", func(file string) error {
			source, err := fs.ReadFile(tree, file)
			if found := statement.Find(source); found != nil {
				broken = append(broken, fmt.Sprintf("%s: %s: statements belong into store.go", file, strings.Trim(string(found), "`\"")))
			}
			return err
		})
		return broken, err
	}
}

package modules_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// policy is the two maps. Its rules read Go files in this process instead of asking `go
// list`, whose answer `go test` would cache.
type policy struct{ calls, subscribes map[string][]string }

// listed checks that every directory with a module.go is made in modules.All and has a
// line in each map, and that no line of the maps is without a module.
func (p policy) listed(tree fs.FS) func() ([]string, error) {
	return func() ([]string, error) {
		known, err := moduleDirs(tree)
		if err != nil {
			return nil, err
		}
		made, err := importsOf(tree, "modules/modules.go")
		if err != nil {
			return nil, err
		}
		var broken []string
		for _, m := range known {
			broken = append(broken, p.linesFor(m, made)...)
		}
		for _, m := range sorted(append(keys(p.calls), keys(p.subscribes)...)) {
			if !slices.Contains(known, m) {
				broken = append(broken, fmt.Sprintf("modules/boundaries_test.go: %q is in the maps, but there is no modules/%s/module.go", m, m))
			}
		}
		return broken, nil
	}
}

// linesFor spells out the lines that somebody who added a module still has to write.
func (p policy) linesFor(m string, made []string) []string {
	var broken []string
	if !slices.Contains(made, "app/modules/"+m) {
		broken = append(broken, fmt.Sprintf("modules/modules.go: add the import %q and, in All, the line\n\t\t%s.New(),", "app/modules/"+m, m))
	}
	if _, ok := p.calls[m]; !ok {
		broken = append(broken, fmt.Sprintf("modules/boundaries_test.go: add to calls the line\n\t%q: nil,", m))
	}
	if _, ok := p.subscribes[m]; !ok {
		broken = append(broken, fmt.Sprintf("modules/boundaries_test.go: add to subscribes the line\n\t%q: nil,", m))
	}
	return broken
}

// imports checks every import from one module of another.
func (p policy) imports(tree fs.FS) func() ([]string, error) {
	return func() ([]string, error) {
		return eachImport(tree, "modules", func(file, imported string) string {
			from, to, pkg := moduleOf(file), importedModule(imported), path.Base(imported)
			contract := imported == "app/modules/"+to+"/"+pkg
			switch {
			case from == "" || to == "" || from == to:
				return ""
			case contract && pkg == to+"v1" && !slices.Contains(p.calls[from], to):
				return fmt.Sprintf("%s calls %s, which its line in calls does not allow", from, to)
			case contract && pkg == to+"events" && !slices.Contains(p.subscribes[from], to):
				return fmt.Sprintf("%s subscribes to %s, which its line in subscribes does not allow", from, to)
			case contract && (pkg == to+"v1" || pkg == to+"events"):
				return ""
			default:
				return fmt.Sprintf("%s is not a contract: of another module only %sv1 and %sevents may be imported", imported, to, to)
			}
		})
	}
}

// bases checks that the platform imports no module and that a contract imports nobody
// else's.
func bases(tree fs.FS) func() ([]string, error) {
	return func() ([]string, error) {
		broken, err := eachImport(tree, "platform", func(_, imported string) string {
			if imported == "app/modules" || importedModule(imported) != "" {
				return "the platform knows no module"
			}
			return ""
		})
		if err != nil {
			return nil, err
		}
		contracts, err := eachImport(tree, "modules", func(file, imported string) string {
			from, dir := moduleOf(file), path.Base(path.Dir(file))
			if from != "" && (dir == from+"v1" || dir == from+"events") && importedModule(imported) != "" {
				return "a contract imports no module"
			}
			return ""
		})
		return append(broken, contracts...), err
	}
}

// templates checks that nothing in the program imports the templates of the standard
// library. One of them would make it a fifth larger: they call methods by name, so that
// the linker keeps all. The scaffold is a command of its own.
func templates(tree fs.FS) func() ([]string, error) {
	return func() (broken []string, err error) {
		for _, root := range []string{"modules", "platform"} {
			found, err := eachImport(tree, root, func(file, imported string) string {
				if (imported != "text/template" && imported != "html/template") || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "platform/scaffold/") {
					return ""
				}
				return "app/platform/markup fills templates, in a program that is smaller for it"
			})
			if err != nil {
				return nil, err
			}
			broken = append(broken, found...)
		}
		return broken, nil
	}
}

// table finds what SQL statements name.
var table = regexp.MustCompile(`(?i)\b(?:TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?|INTO|UPDATE|FROM|JOIN|REFERENCES|\sON)\s+` + "[`\"]?" + `([a-z_][a-z0-9_]*)`)

// migrations checks the tables that each module's SQL files name.
func migrations(tree fs.FS) func() ([]string, error) {
	return func() ([]string, error) {
		var broken []string
		err := eachFile(tree, "modules", ".sql", func(file string) error {
			text, err := fs.ReadFile(tree, file)
			if err != nil {
				return err
			}
			for _, name := range table.FindAllStringSubmatch(uncommented(string(text)), -1) {
				if !ownTable(moduleOf(file), strings.ToLower(name[1])) {
					broken = append(broken, fmt.Sprintf("%s: table %s does not begin with %s_", file, name[1], moduleOf(file)))
				}
			}
			return nil
		})
		return broken, err
	}
}

// ownTable also lets words pass that follow ON and UPDATE in clauses, such as ON UPDATE
// CASCADE.
func ownTable(module, name string) bool {
	return strings.HasPrefix(name, module+"_") || slices.Contains([]string{"delete", "update", "cascade", "set", "restrict", "no", "select"}, name)
}

func uncommented(sql string) string {
	return regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(sql, "")
}

// eachImport collects what rule says about the imports below root, with the file in
// front.
func eachImport(tree fs.FS, root string, rule func(file, imported string) string) ([]string, error) {
	var broken []string
	err := eachFile(tree, root, ".go", func(file string) error {
		imports, err := importsOf(tree, file)
		for _, imported := range imports {
			if complaint := rule(file, imported); complaint != "" {
				broken = append(broken, fmt.Sprintf("%s: imports %s: %s", file, imported, complaint))
			}
		}
		return err
	})
	return broken, err
}

func eachFile(tree fs.FS, root, suffix string, visit func(file string) error) error {
	err := fs.WalkDir(tree, root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), "_") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, suffix):
			return nil
		}
		return visit(file)
	})
	return err
}

func importsOf(tree fs.FS, file string) ([]string, error) {
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return paths(parsed.Imports)
}

func paths(specs []*ast.ImportSpec) ([]string, error) {
	out := make([]string, len(specs))
	var errs []error
	for i, spec := range specs {
		var err error
		out[i], err = strconv.Unquote(spec.Path.Value)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// moduleDirs lists the directories with a module.go.
func moduleDirs(tree fs.FS) ([]string, error) {
	files, err := fs.Glob(tree, "modules/[a-z]*/module.go")
	for i, file := range files {
		files[i] = moduleOf(file)
	}
	return files, err
}

// moduleOf is the module that a file belongs to, empty for the files right under
// modules.
func moduleOf(file string) string {
	parts := strings.Split(file, "/")
	if len(parts) < 3 || parts[0] != "modules" {
		return ""
	}
	return parts[1]
}

// importedModule is the module that an import path belongs to, empty when it is none's.
func importedModule(imported string) string {
	rest, ok := strings.CutPrefix(imported, "app/modules/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// emitter is the module of an event type such as "orders.Paid".
func emitter(eventType string) string {
	module, _, _ := strings.Cut(eventType, ".")
	return module
}

func keys(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

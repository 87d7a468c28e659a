package modules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// A subject of a real module that has everything a subject can have, save listeners,
// and the subject of the template.
const (
	realSubject     = "emails/internal/suppression"
	templateSubject = "_template/internal/item"
)

// TestTemplateIsAsModulesAre compares the files of the template's subject with those of
// a real one, so that whoever starts a module does not start from what modules were
// once.
func TestTemplateIsAsModulesAre(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(filesOfSubject(t, realSubject), filesOfSubject(t, templateSubject)); diff != "" {
		t.Errorf("files (-%s +%s):\n%s", realSubject, templateSubject, diff)
	}
	for _, file := range []string{"module.go", "config.go", "README.md", "migrations/migrations.go", "internal/reason/reason.go"} {
		for _, at := range []string{"emails/" + file, "_template/" + file + ".tmpl"} {
			if _, err := os.Stat(at); err != nil {
				t.Errorf("modules/%s: %v", at, err)
			}
		}
	}
}

// filesOfSubject lists the files of a subject, its own name in them being NOUN.
func filesOfSubject(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := fs.ReadDir(os.DirFS("."), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".tmpl")
		if rest, found := strings.CutPrefix(name, path.Base(dir)); found {
			name = "NOUN" + rest
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// madeModule is what `make module name=coupons` writes, save what is generated.
func madeModule(t *testing.T) fstest.MapFS {
	t.Helper()
	words := strings.NewReplacer("{{.Name}}", "coupons", "{{.Title}}", "Coupons", "{{.Upper}}", "COUPONS", "{{.Prefix}}", "cou")
	template, made := os.DirFS("_template"), fstest.MapFS{}
	err := fs.WalkDir(template, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(template, file)
		target := strings.NewReplacer("__name__", "coupons", ".tmpl", "").Replace(file)
		made["modules/coupons/"+target] = &fstest.MapFile{Data: []byte(words.Replace(string(text)))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestMadeModuleKeepsTheRules runs the rules of the tree over a made module.
func TestMadeModuleKeepsTheRules(t *testing.T) {
	t.Parallel()
	tree := madeModule(t)
	tree["modules/modules.go"], tree["platform/doc.go"] = source("modules", "app/modules/coupons"), source("platform")
	none := map[string][]string{"coupons": nil}
	for name, rule := range map[string]func() ([]string, error){
		"listed": policy{none, none}.listed(tree), "imports": policy{none, none}.imports(tree), "bases": bases(tree),
		"migrations": migrations(tree), "domains": domains(tree, nil), "handlers": handlers(tree), "templates": templates(tree),
	} {
		broken, err := rule()
		if err != nil || len(broken) > 0 {
			t.Errorf("%s: %v, %q", name, err, broken)
		}
	}
}

// TestMadeModuleReads counts a made module as TestFigures counts the tree, by what the
// figures are to become.
func TestMadeModuleReads(t *testing.T) {
	t.Parallel()
	tree := madeModule(t)
	f := figures{shared: map[string]map[string]bool{}, lines: map[string]int{}, phrases: map[string]int{}}
	if err := eachFile(tree, "modules", ".go", func(file string) error { return f.count(tree, file) }); err != nil {
		t.Fatal(err)
	}
	if widest := slices.Max(f.widths); widest > 90 {
		t.Errorf("a comment of %d columns, at most 90", widest)
	}
	if percent := 100 * f.oneWord / f.names; percent > 30 {
		t.Errorf("%d %% of the unexported functions have a name of one word, at most 30", percent)
	}
	for phrase, n := range f.phrases {
		if n > 0 {
			t.Errorf("%d comments say %q: docs/glossary.md has the word", n, phrase)
		}
	}
}

// grammar is what the template's subject declares and real subjects do too, by file:
// whoever knows one subject finds these in each.
var grammar = map[string][]string{
	"service.go": {"New", "Options", "Service"},
	"store.go":   {"NOUNRow", "rowOf"},
	"rest.go":    {"Handlers", "NewHandlers", "Register", "wireOf"},
}

// TestTemplateSpeaksTheGrammar checks that the template's subject declares the grammar,
// and that real ones have all of it between them.
func TestTemplateSpeaksTheGrammar(t *testing.T) {
	t.Parallel()
	made := declaredBy(t, madeModule(t), "modules/coupons/internal/item")
	found := map[string]bool{}
	for _, subject := range []string{realSubject, "catalog/internal/stock", "payments/internal/refund"} {
		maps.Copy(found, declaredBy(t, os.DirFS("."), subject))
	}
	for file, names := range grammar {
		for _, name := range names {
			if !made[file+" "+name] {
				t.Errorf("the template's %s has no %s", file, name)
			}
			if !found[file+" "+name] {
				t.Errorf("no real subject has %s in its %s any more: bring the template after them", name, file)
			}
		}
	}
}

// declaredBy lists what the files of a subject declare, "file name" each, the subject's
// own name in it being NOUN.
func declaredBy(t *testing.T, tree fs.FS, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for file := range grammar {
		text, err := fs.ReadFile(tree, path.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range topLevelNames(parsed) {
			if rest, found := strings.CutPrefix(name, path.Base(dir)); found {
				name = "NOUN" + rest
			}
			out[file+" "+name] = true
		}
	}
	return out
}

// topLevelNames are the functions and types of a file, methods left out.
func topLevelNames(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok {
					names = append(names, s.Name.Name)
				}
			}
		}
	}
	return names
}

package modules_test

import (
	"fmt"
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
	"unicode"
	"unicode/utf8"
)

// figures are what a reader of the whole tree would count. Generated code is left out.
type figures struct {
	names, oneWord int                        // unexported functions and methods; those of one word
	shared         map[string]map[string]bool // the packages of each function name
	widths         []int                      // of comment lines, a tab being four columns
	comments, all  int                        // lines of comments, and all lines that say something
	lines          map[string]int             // of each package, its tests left out
	phrases        map[string]int             // words that the glossary has others for
}

// never are words that docs/glossary.md has others for, and how many comments still
// have them.
var never = map[string]int{
	"tells whether": 0, "crew": 0, "letter": 33, "visitor": 0, "hears": 0, "lane": 1, "owed": 1, "verdict": 4,
}

// TestFigures prints how the tree reads, and fails where a figure goes above its
// ceiling. A ceiling only ever comes down: when a change brings a figure down, bring
// the ceiling after it. What the ceilings are to become stands beside them.
func TestFigures(t *testing.T) {
	t.Parallel()
	f := figures{shared: map[string]map[string]bool{}, lines: map[string]int{}, phrases: map[string]int{}}
	tree := os.DirFS("..")
	for _, root := range []string{"modules", "platform"} {
		err := eachFile(tree, root, ".go", func(file string) error { return f.count(tree, file) })
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(f.widths)
	widest, most := f.largest()
	for _, figure := range []struct {
		name       string
		is, at     int
		towards    int
		what, mend string
	}{
		{"unexported functions with a name of one word, %", 100 * f.oneWord / f.names, ceilings.oneWord, 30, "", "give the function a verb and an object"},
		{"packages that share one function name", len(f.shared[most]), ceilings.shared, 4, most, "say what each of them does"},
		{"width of comment lines, p90", f.widths[len(f.widths)*9/10], ceilings.width, 90, "", "break comments at 88 columns"},
		{"lines of the largest package", f.lines[widest], ceilings.lines, 1800, widest, "open it: a package for each subject"},
	} {
		t.Logf("%-50s %5d of %d, towards %d  %s", figure.name, figure.is, figure.at, figure.towards, figure.what)
		if figure.is > figure.at {
			t.Errorf("%s: %d, at most %d %s: %s", figure.name, figure.is, figure.at, figure.what, figure.mend)
		}
	}
	for _, phrase := range slices.Sorted(maps.Keys(never)) {
		t.Logf("comments that say %-32s %5d of %d, towards 0", phrase, f.phrases[phrase], never[phrase])
		if f.phrases[phrase] > never[phrase] {
			t.Errorf("%d comments say %q, at most %d: docs/glossary.md has the word", f.phrases[phrase], phrase, never[phrase])
		}
	}
	t.Logf("%-50s %5d of each thousand", "comment lines", 1000*f.comments/f.all)
}

func (f *figures) count(tree fs.FS, file string) error {
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if ast.IsGenerated(parsed) {
		return nil
	}
	test := strings.HasSuffix(file, "_test.go")
	for line := range strings.Lines(string(source)) {
		f.countLine(path.Dir(file), strings.TrimRight(line, "\n"), test)
	}
	if test {
		return nil
	}
	for _, d := range parsed.Decls {
		if function, ok := d.(*ast.FuncDecl); ok {
			f.countName(path.Dir(file), function)
		}
	}
	return nil
}

func (f *figures) countLine(dir, line string, test bool) {
	text := strings.TrimSpace(line)
	if text == "" {
		return
	}
	f.all++
	if !test {
		f.lines[dir]++
	}
	if !strings.HasPrefix(text, "//") {
		return
	}
	f.comments++
	f.widths = append(f.widths, utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")))
	for phrase := range never {
		if strings.Contains(" "+strings.ToLower(text), " "+phrase) {
			f.phrases[phrase]++
		}
	}
}

func (f *figures) countName(dir string, function *ast.FuncDecl) {
	name := function.Name.Name
	if function.Recv == nil {
		if f.shared[name] == nil {
			f.shared[name] = map[string]bool{}
		}
		f.shared[name][dir] = true
	}
	if ast.IsExported(name) || name == "main" || name == "init" {
		return
	}
	f.names++
	if !strings.ContainsFunc(name, unicode.IsUpper) {
		f.oneWord++
	}
}

// largest names the package with most lines and the unexported function name that most
// packages have.
func (f *figures) largest() (dir, name string) {
	for d, n := range f.lines {
		if n > f.lines[dir] {
			dir = d
		}
	}
	for each, packages := range f.shared {
		if !ast.IsExported(each) && len(packages) > len(f.shared[name]) {
			name = each
		}
	}
	return dir, name
}

func Example_figures() {
	f := figures{shared: map[string]map[string]bool{}, lines: map[string]int{}, phrases: map[string]int{}}
	f.countLine("a", "\t// Letter by letter.", false)
	f.countLine("a", "x()", false)
	fmt.Println(f.widths, f.comments, f.all, f.lines["a"], f.phrases["letter"])
	// Output: [24] 1 2 2 1
}

// ceilings are the figures of today.
var ceilings = struct{ oneWord, shared, width, lines int }{oneWord: 3, shared: 3, width: 88, lines: 1712}

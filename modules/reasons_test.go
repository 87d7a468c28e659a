package modules_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"app/modules"
	"app/platform/host"
	"app/platform/operation"
)

// TestReasons checks that every code that a module throws is declared, and that each is
// declared once.
func TestReasons(t *testing.T) {
	t.Parallel()
	found, err := reasonsOf(os.DirFS(".."), "modules")
	if err != nil {
		t.Fatal(err)
	}
	broken := found.complaints(explainedCodes(t))
	for _, line := range broken {
		t.Error(line)
	}
}

// explainedCodes reads the codes from the page of problems that a client sees.
func explainedCodes(t *testing.T) (codes []string) {
	t.Helper()
	var apis []*operation.API
	for _, m := range modules.All() {
		if p, ok := m.(host.Publisher); ok {
			api := operation.NewAPI(m.Name(), operation.Options{})
			p.Operations(api)
			apis = append(apis, api)
		}
	}
	w := httptest.NewRecorder()
	operation.ProblemsPage(apis...).ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/docs/problems", nil))
	for _, heading := range regexp.MustCompile(`<h2 id="([a-z_]+)">`).FindAllStringSubmatch(w.Body.String(), -1) {
		codes = append(codes, heading[1])
	}
	if len(codes) < 50 {
		t.Fatalf("the page of problems has %d codes", len(codes))
	}
	return codes
}

// reasons is what sources declare and throw, each code with the places.
type reasons struct {
	explained map[string][]string // declared with a title
	internal  map[string][]string // declared without one
	thrown    map[string][]string // thrown as text
	worded    map[string][]string // of another module, passed on in words of one's own
	variables map[string]string   // catalogv1.StockShort: its code
}

// complaints compares what is declared and thrown with the page of problems.
func (r reasons) complaints(page []string) (broken []string) {
	for code, places := range r.thrown {
		if !slices.Contains(page, code) && r.internal[code] == nil {
			broken = append(broken, fmt.Sprintf("%s: throws %s, which is declared nowhere: make it a fault.Reason", places[0], code))
		}
	}
	for code, places := range r.explained {
		if !slices.Contains(page, code) {
			broken = append(broken, fmt.Sprintf("%s: declares %s, which is not given to API.Problems", places[0], code))
		}
	}
	for variable, places := range r.worded {
		if code := r.variables[variable]; !slices.Contains(page, code) {
			broken = append(broken, fmt.Sprintf("%s: passes %s on, which is not given to API.Problems", places[0], code))
		}
	}
	for code := range r.declared() {
		places := slices.Concat(r.explained[code], r.internal[code])
		if len(places) > 1 {
			broken = append(broken, fmt.Sprintf("%s is declared %d times: %s", code, len(places), strings.Join(places, ", ")))
		}
	}
	slices.Sort(broken)
	return broken
}

func (r reasons) declared() map[string]bool {
	out := map[string]bool{}
	for code := range r.explained {
		out[code] = true
	}
	for code := range r.internal {
		out[code] = true
	}
	return out
}

// reasonsOf reads the Go files below root.
func reasonsOf(tree fs.FS, root string) (reasons, error) {
	found := reasons{
		map[string][]string{}, map[string][]string{}, map[string][]string{}, map[string][]string{}, map[string]string{},
	}
	err := eachFile(tree, root, ".go", func(file string) error {
		if strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, source, 0)
		if err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				found.nameVariables(parsed.Name.Name, spec)
			}
			found.addNode(n, func(n ast.Node) string { return fmt.Sprintf("%s:%d", file, fset.Position(n.Pos()).Line) })
			return true
		})
		return nil
	})
	return found, err
}

// addNode notes a declaration or a fault that is made of text.
func (r reasons) addNode(n ast.Node, place func(ast.Node) string) {
	switch n := n.(type) {
	case *ast.CallExpr:
		switch name := typeName(n.Fun); {
		case name == "fault.Missing" && len(n.Args) == 1:
			noteCode(r.thrown, textOf(n.Args[0]), "_not_found", place(n))
		case (name == "fault.New" || name == "problem.New") && len(n.Args) > 1:
			noteCode(r.thrown, textOf(n.Args[1]), "", place(n))
		case strings.HasSuffix(name, ".Worded"):
			noteCode(r.worded, strings.TrimSuffix(name, ".Worded"), "", place(n))
		}
	case *ast.CompositeLit:
		if list, ok := n.Type.(*ast.ArrayType); ok && isReason(list.Elt) {
			for _, element := range n.Elts {
				if lit, ok := element.(*ast.CompositeLit); ok && lit.Type == nil {
					r.addDeclaration(lit, place(lit))
				}
			}
		} else if isReason(n.Type) {
			r.addDeclaration(n, place(n))
		}
	}
}

// nameVariables notes which variables of a package hold which codes.
func (r reasons) nameVariables(pkg string, spec *ast.ValueSpec) {
	for i, value := range spec.Values {
		if lit, ok := value.(*ast.CompositeLit); ok && isReason(lit.Type) {
			r.variables[pkg+"."+spec.Names[i].Name] = fieldTexts(lit)["Code"]
		}
	}
}

func (r reasons) addDeclaration(lit *ast.CompositeLit, place string) {
	fields := fieldTexts(lit)
	if fields["Title"] != "" {
		noteCode(r.explained, fields["Code"], "", place)
	} else {
		noteCode(r.internal, fields["Code"], "", place)
	}
}

// fieldTexts are the fields of a struct literal that are string literals.
func fieldTexts(lit *ast.CompositeLit) map[string]string {
	fields := map[string]string{}
	for _, element := range lit.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			fields[typeName(pair.Key)] = textOf(pair.Value)
		}
	}
	return fields
}

func noteCode(in map[string][]string, code, suffix, place string) {
	if code != "" {
		in[code+suffix] = append(in[code+suffix], place)
	}
}

func isReason(e ast.Expr) bool { return typeName(e) == "fault.Reason" }

// typeName is a name, or a package and a name, empty for everything else.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return ""
}

// textOf is the value of a string literal, empty for everything else.
func textOf(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// TestReasonRules breaks every rule of TestReasons once in a made-up tree.
func TestReasonRules(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"modules/shop/a.go": {Data: []byte(`package shop
			var declared = fault.Reason{Kind: fault.NotFound, Code: "shop_closed", Title: "Closed"}
			var twice = []fault.Reason{{Code: "till_empty", Title: "Empty"}, {Code: "till_full", Title: "Full"}}
			var internal = fault.Reason{Code: "till_jammed"}
			func a() error { return fault.New(fault.Aborted, "till_broken", "") }
			func b() error { return fault.New(fault.Aborted, "till_full", "") }
			func c() error { return fault.New(fault.Aborted, "till_jammed", "") }
			func d() error { return fault.Missing("till") }
			func e() error { return problem.New(400, "till_odd", "") }`)},
		"modules/bank/a.go": {Data: []byte(`package bank
			var twice = fault.Reason{Code: "till_empty", Title: "Empty"}
			var passed = shop.internal.Worded("", "Jammed", "Wait.")`)},
	}
	found, err := reasonsOf(tree, "modules")
	got := found.complaints([]string{"till_empty", "till_full", "till_odd"})
	want := []string{
		"modules/bank/a.go:3: passes till_jammed on, which is not given to API.Problems",
		"modules/shop/a.go:2: declares shop_closed, which is not given to API.Problems",
		"modules/shop/a.go:5: throws till_broken, which is declared nowhere: make it a fault.Reason",
		"modules/shop/a.go:8: throws till_not_found, which is declared nowhere: make it a fault.Reason",
		"till_empty is declared 2 times: modules/bank/a.go:2, modules/shop/a.go:3",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("err %v, complaints (-want +got):\n%s", err, diff)
	}
}

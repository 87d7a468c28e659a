package modules_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"app/modules"
	"app/platform/host"
)

// asked finds the requests that a module makes for the contracts of others:
// &usersv1.FindRequest{ is a call of Find.
var asked = regexp.MustCompile(`&([a-z]+)v1\.([A-Z][A-Za-z]*)Request\{`)

// A module may call the methods that it has declared (rpc.Dependency.Only), and callees
// refuse the rest: what the sources call and what is declared are the same.
func TestCallsAreDeclaredByMethod(t *testing.T) {
	t.Parallel()
	for _, m := range modules.All() {
		declared := map[string]bool{} // "users.Find"
		if c, ok := m.(host.Caller); ok {
			for _, d := range c.Calls() {
				if len(d.Methods) == 0 {
					t.Errorf("%s calls %s without saying which methods: use Only", m.Name(), d.Module)
				}
				for _, name := range d.Methods {
					declared[d.Contract.Module+"."+name] = false
				}
			}
		}
		for _, call := range madeBy(t, m.Name()) {
			if _, ok := declared[call]; !ok {
				t.Errorf("%s calls %s, which its Calls does not name", m.Name(), call)
			}
			declared[call] = true
		}
		for call, made := range declared {
			if !made && call != "users.Revocations" { // whose request another package of the gateway makes, from a variable
				t.Errorf("%s declares that it calls %s, and does not", m.Name(), call)
			}
		}
	}
}

// madeBy lists the calls in a module's sources.
func madeBy(t *testing.T, module string) (out []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(module), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(os.DirFS(module), path)
		if err != nil {
			return err
		}
		for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
			if found[1] != module {
				out = append(out, found[1]+"."+found[2])
			}
		}
		if strings.Contains(string(text), "merchantsv1.AccessOf(") { // which makes the call
			out = append(out, "merchants.Roles")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

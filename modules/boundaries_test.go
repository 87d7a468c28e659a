package modules_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules"
	"app/platform/events"
	"app/platform/lifecycle"
	"app/platform/rpc"
)

// calls is who may call whom: a module may import the <m>v1 contracts of the modules in
// its line. Calls point down and never form a circle; what must flow against them is an
// event.
var calls = map[string][]string{
	"users":     nil,
	"merchants": {"users"},
	"catalog":   {"merchants"},
	"payments":  {"merchants"},
	"orders":    {"catalog", "payments", "merchants"},
	"emails":    {"merchants"},
	"seed":      {"users", "merchants", "catalog"},
	"gateway":   {"users"},
}

// subscribes is who may subscribe to whose events: a module may import the <m>events
// contracts of the modules in its line.
var subscribes = map[string][]string{
	"users":     nil,
	"merchants": nil,
	"catalog":   {"orders"},
	"payments":  {"orders"},
	"orders":    {"payments", "catalog"},
	"emails":    {"users", "merchants", "orders", "payments"},
	"seed":      nil,
	"gateway":   nil,
}

// TestBoundaries reads the tree as it is and fails with one line for each thing to
// change.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	tree := os.DirFS("..")
	for name, rule := range map[string]func() ([]string, error){
		"every module is listed and has its lines in the maps":        policy{calls, subscribes}.listed(tree),
		"imports follow the maps":                                     policy{calls, subscribes}.imports(tree),
		"the platform knows no module and a contract no other module": bases(tree),
		"migrations name the module's own tables":                     migrations(tree),
		"a domain neither stores nor serves nor calls":                domains(tree, undivided),
		"handlers hold no statements":                                 handlers(tree),
		"scenarios and benchmarks share the harness only":             apart(tree),
		"scenarios and benchmarks require the program's versions":     sameVersions(tree),
		"the program fills no template that calls methods by name":    templates(tree),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken, err := rule()
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range broken {
				t.Error(line)
			}
		})
	}
}

// TestDeclarations compares what the modules declare with the maps: a line that nobody
// uses has to go as well.
func TestDeclarations(t *testing.T) {
	t.Parallel()
	for _, m := range modules.All() {
		t.Run(m.Name(), func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(sorted(calls[m.Name()]), callees(m)); diff != "" {
				t.Errorf("calls (-map +Calls()):\n%s", diff)
			}
			if diff := cmp.Diff(sorted(subscribes[m.Name()]), heard(m)); diff != "" {
				t.Errorf("subscribes (-map +Subscriptions()):\n%s", diff)
			}
		})
	}
}

func callees(m lifecycle.Module) []string {
	out := []string{}
	if c, ok := m.(interface{ Calls() []rpc.Dependency }); ok {
		for _, d := range c.Calls() {
			out = append(out, d.Module)
		}
	}
	return sorted(out)
}

func heard(m lifecycle.Module) []string {
	out := []string{}
	if l, ok := m.(interface{ Subscriptions() []events.Subscription }); ok {
		for _, s := range l.Subscriptions() {
			out = append(out, emitter(s.Type))
		}
	}
	return sorted(out)
}

func sorted(names []string) []string {
	out := append([]string{}, names...)
	slices.Sort(out)
	return slices.Compact(out)
}

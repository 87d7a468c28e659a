package host

import (
	"slices"
	"strings"

	"app/platform/host/setup"
	"app/platform/lifecycle"
)

// Select turns what the command line says into the names of the modules to host. Names
// are separated by commas or given several times. An unknown name fails with the list
// of the known ones.
func Select(modules []lifecycle.Module, all bool, only, except []string) ([]string, error) {
	known := moduleNames(modules)
	only, except = splitNames(only), splitNames(except)
	for _, name := range slices.Concat(only, except) {
		if !slices.Contains(known, name) {
			return nil, setup.Errorf("there is no module %q: the modules are %s", name, strings.Join(known, ", "))
		}
	}
	switch n := len(only); {
	case all && n+len(except) > 0, n > 0 && len(except) > 0:
		return nil, setup.Errorf("choose one of --all, --module and --except")
	case all:
		return known, nil
	case n > 0:
		return slices.DeleteFunc(known, func(name string) bool { return !slices.Contains(only, name) }), nil
	case len(except) > 0:
		if rest := slices.DeleteFunc(known, func(name string) bool { return slices.Contains(except, name) }); len(rest) > 0 {
			return rest, nil
		}
		return nil, setup.Errorf("--except leaves no module to serve")
	}
	return nil, setup.Errorf("nothing to serve: give --all, or --module with some of %s, or --except", strings.Join(known, ", "))
}

func splitNames(lists []string) []string {
	var out []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// Package demo is a small shop of three modules with which the platform tests itself: a
// bank that is called and listens, a shop that calls and tells, and a door that is the
// gateway.
package demo

import "app/platform/lifecycle"

// All makes the modules, a callee before its callers.
func All() []lifecycle.Module {
	bank, shop, door := Modules()
	return []lifecycle.Module{bank, shop, door}
}

// Modules makes the three, for tests that reach into them.
func Modules() (*Bank, *Shop, *Door) { return &Bank{}, &Shop{}, &Door{} }

// Package modules is the only place where the modules of the shop meet.
package modules

import (
	"app/platform/lifecycle"
)

// All makes every module of the shop, a callee before its callers.
func All() []lifecycle.Module {
	return []lifecycle.Module{}
}

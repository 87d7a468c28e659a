package cli

import (
	"fmt"
	"io"

	"app/platform/host"
)

// printSwitches shows what belongs to development, and what else wants a second look.
func printSwitches(w io.Writer, plan *host.Plan) {
	if len(plan.Switches) > 0 {
		_, _ = fmt.Fprintf(w, "\ndevelopment\t%s\n", map[bool]string{true: "yes: only this machine can use the shop", false: "no"}[plan.Development])
	}
	for _, s := range plan.Switches {
		state := "off"
		if s.On(plan.Development) {
			state = "ON"
		}
		_, _ = fmt.Fprintf(w, "  %s=%s\t%s\t%s\n", s.Variable, s.Setting, state, s.What)
	}
	for _, warning := range plan.Warnings {
		_, _ = fmt.Fprintf(w, "warning\t%s\n", warning)
	}
}

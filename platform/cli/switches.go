package cli

import (
	"fmt"
	"io"

	"app/platform/host/plan"
)

// printSwitches shows what belongs to development, and what else wants a second look.
func printSwitches(w io.Writer, process *plan.Process) {
	if len(process.Switches) > 0 {
		_, _ = fmt.Fprintf(w, "\ndevelopment\t%s\n", map[bool]string{true: "yes: only this machine can use the shop", false: "no"}[process.Development])
	}
	for _, s := range process.Switches {
		state := "off"
		if s.On(process.Development) {
			state = "ON"
		}
		_, _ = fmt.Fprintf(w, "  %s=%s\t%s\t%s\n", s.Variable, s.Setting, state, s.What)
	}
	for _, warning := range process.Warnings {
		_, _ = fmt.Fprintf(w, "warning\t%s\n", warning)
	}
}

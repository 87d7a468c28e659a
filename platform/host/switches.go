package host

import (
	"context"
	"fmt"
	"log/slog"

	"app/platform/config"
	"app/platform/lifecycle"
)

// Switch is something that belongs to development: pages without a sign-in, payments
// without money.
type Switch struct {
	Variable string // such as PAYMENTS_TEST
	Setting  string // on, off, or auto for on in development only
	What     string // what a stranger can do while it is on, as a sentence without its period
}

// Switcher is a module with switches. They are asked for after its configuration has
// been read.
type Switcher interface {
	Switches() []Switch
}

// Announcer is a module whose data may hold what belongs to development, such as
// accounts that everybody knows.
type Announcer interface {
	// Announce says what there is, one sentence each. It is asked once, after the
	// start, and only where others than this machine's people can use the shop.
	Announce(ctx context.Context) ([]string, error)
}

// On reports whether the switch is on.
func (s Switch) On(development bool) bool { return config.SwitchedOn(s.Setting, development) }

// planSwitches are the platform's and those of the modules hosted here.
func (p *planner) planSwitches(modules []lifecycle.Module) []Switch {
	out := []Switch{}
	if p.plan.hostsGateway() {
		out = append(out, Switch{"DEV_PAGES", p.platform.DevPages, "development pages: everybody reads everybody's e-mails at /dev/mailbox"})
	}
	for _, m := range modules {
		if s, ok := m.(Switcher); ok && p.isHosted(m.Name()) {
			out = append(out, s.Switches()...)
		}
	}
	return out
}

// SwitchedOn are the switches that are on.
func (p *Plan) SwitchedOn() []Switch {
	var out []Switch
	for _, s := range p.Switches {
		if s.On(p.Development) {
			out = append(out, s)
		}
	}
	return out
}

// logWarnings warns of what the plan warns of, and of each thing that belongs to
// development and is on although strangers may come.
func (h *Host) logWarnings(ctx context.Context) {
	for _, line := range h.plan.Warnings {
		h.logger.WarnContext(ctx, "configuration wants a second look", slog.String("what", line))
	}
	development := h.isDevelopment()
	if development {
		return
	}
	for _, s := range h.plan.Switches {
		if s.On(development) {
			h.logger.WarnContext(ctx, "not for the public", slog.String("what", s.What), slog.String("setting", s.Variable+"="+s.Setting))
		}
	}
	for _, m := range h.hosted {
		a, ok := m.module.(Announcer)
		if !ok {
			continue
		}
		lines, err := a.Announce(ctx)
		if err != nil {
			lines = []string{fmt.Sprintf("what belongs to development could not be looked for: %v", err)}
		}
		for _, line := range lines {
			m.logger.WarnContext(ctx, "not for the public", slog.String("what", line))
		}
	}
}

package host

import (
	"context"
	"fmt"
	"log/slog"

	"app/platform/config"
)

// Switcher is a module with switches. They are asked for after its configuration has
// been read.
type Switcher interface {
	Switches() []config.Switch
}

// Announcer is a module whose data may hold what belongs to development, such as
// accounts that everybody knows.
type Announcer interface {
	// Announce says what there is, one sentence each. It is asked once, after the
	// start, and only where others than this machine's people can use the shop.
	Announce(ctx context.Context) ([]string, error)
}

// switches are the platform's and those of the modules hosted here.
func (h *Host) switches() []config.Switch {
	out := []config.Switch{}
	if h.plan.HostsGateway() {
		out = append(out, config.Switch{Variable: "DEV_PAGES", Setting: h.platform.DevPages, What: "development pages: everybody reads everybody's e-mails at /dev/mailbox"})
	}
	for _, m := range h.hosted {
		if s, ok := m.module.(Switcher); ok {
			out = append(out, s.Switches()...)
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

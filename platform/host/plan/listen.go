package plan

import "app/platform/config"

// Role is what a listener is for, as messages name it.
type Role string

// The roles.
const (
	Public   Role = "public"   // the public API
	Internal Role = "internal" // the modules, beside a gateway
	Modules  Role = "modules"  // the modules, at HTTP_ADDR of a process without the gateway
	Admin    Role = "admin"    // metrics, profiles and states
)

// Listen is an address that a process listens at.
type Listen struct {
	Variable string // such as "HTTP_ADDR"
	Addr     string
	Default  bool // nobody set the variable
	// Serves says what for.
	Serves string
	Role   Role
}

// planListeners plans the addresses.
func (p *planner) planListeners() []Listen {
	base := Listen{Variable: "HTTP_ADDR", Addr: p.Platform.HTTPAddr, Default: p.isUnset("HTTP_ADDR")}
	var out []Listen
	if p.plan.HostsGateway() {
		base.Role, base.Serves = Public, "the public API"
		inner := Listen{Variable: "INTERNAL_ADDR", Addr: p.Platform.InternalAddr, Role: Internal, Serves: "the modules hosted here, for other processes"}
		switch {
		case p.Internal != "":
			inner.Addr = p.Internal
		case len(p.Split) > 0 && (inner.Addr == "" || inner.Addr == config.AddressOff):
			inner.Addr = "127.0.0.1:0"
		}
		if out = append(out, base); inner.Addr != "" && inner.Addr != config.AddressOff {
			out = append(out, inner)
		}
	} else {
		base.Role, base.Serves = Modules, "the modules hosted here, for other processes"
		out = append(out, base)
	}
	if p.Platform.AdminAddr != config.AddressOff {
		out = append(out, Listen{Variable: "ADMIN_ADDR", Addr: p.Platform.AdminAddr, Default: p.isUnset("ADMIN_ADDR"), Role: Admin, Serves: "metrics, profiles and module states"})
	}
	return out
}

func (p *planner) isUnset(name string) bool {
	value, err := p.Environment.Get(name)
	return err == nil && value == ""
}

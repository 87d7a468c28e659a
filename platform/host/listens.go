package host

import "app/platform/config"

// roles of a listener, as messages name them.
const (
	rolePublic   = "public"
	roleInternal = "internal"
	roleBoth     = "modules" // HTTP_ADDR of a process without the gateway
	roleAdmin    = "admin"
)

// Listen is an address that a process listens at.
type Listen struct {
	Variable string // such as "HTTP_ADDR"
	Addr     string
	Default  bool // nobody set the variable
	// Serves says what for.
	Serves string

	role string
}

// planListeners plans the addresses.
func (p *planner) planListeners() []Listen {
	base := Listen{Variable: "HTTP_ADDR", Addr: p.platform.HTTPAddr, Default: p.isUnset("HTTP_ADDR")}
	var out []Listen
	if p.plan.hostsGateway() {
		base.role, base.Serves = rolePublic, "the public API"
		inner := Listen{Variable: "INTERNAL_ADDR", Addr: p.platform.InternalAddr, role: roleInternal, Serves: "the modules hosted here, for other processes"}
		switch {
		case p.options.Internal != nil:
			inner.Addr = p.options.Internal.Addr().String()
		case len(p.options.Split) > 0 && (inner.Addr == "" || inner.Addr == config.AddressOff):
			inner.Addr = "127.0.0.1:0"
		}
		if out = append(out, base); inner.Addr != "" && inner.Addr != config.AddressOff {
			out = append(out, inner)
		}
	} else {
		base.role, base.Serves = roleBoth, "the modules hosted here, for other processes"
		out = append(out, base)
	}
	if p.platform.AdminAddr != config.AddressOff {
		out = append(out, Listen{Variable: "ADMIN_ADDR", Addr: p.platform.AdminAddr, Default: p.isUnset("ADMIN_ADDR"), role: roleAdmin, Serves: "metrics, profiles and module states"})
	}
	return out
}

func (p *planner) isUnset(name string) bool {
	value, err := p.environment.Get(name)
	return err == nil && value == ""
}

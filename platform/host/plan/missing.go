package plan

import (
	"fmt"
	"slices"
	"strings"

	"app/platform/config"
	"app/platform/host/internal/datadir"
)

// crossings are the edges that leave or enter the process.
type crossings struct {
	outward map[string]reasons // module elsewhere -> why it has to be reached
	inward  []string           // modules elsewhere that have to reach this process
}

// reasons are why a module has to be reached: who calls it, which events it subscribes
// to, and which gateway serves it.
type reasons struct{ callers, events, gateways []string }

func (r reasons) String() string {
	var out []string
	for _, part := range []struct {
		names  []string
		format string
	}{{r.callers, "%s calls it"}, {r.events, "it hears %s"}, {r.gateways, "%s passes requests on to it"}} {
		if len(part.names) > 0 {
			out = append(out, fmt.Sprintf(part.format, strings.Join(slices.Compact(part.names), " and ")))
		}
	}
	return strings.Join(out, ", ")
}

// findMissing collects what the edges across the border of the process need.
func (p *planner) findMissing() {
	c := p.findCrossings()
	p.missingURLs(c.outward)
	if p.Command {
		return // nobody calls a command
	}
	if len(c.inward) > 0 && p.plan.HostsGateway() && p.Platform.InternalAddr == "" && p.Internal == "" {
		p.addMissingf("INTERNAL_ADDR is not set: it is where %s, not hosted here, reach the modules behind the gateway", strings.Join(c.inward, ", "))
	}
	p.missingKey(c)
}

func (p *planner) findCrossings() crossings {
	c := crossings{outward: map[string]reasons{}}
	for _, m := range p.plan.Modules {
		for _, e := range m.Calls {
			c.addCrossing(p, m.Name, e.To, func(r *reasons) { r.callers = append(r.callers, m.Name) })
		}
		for _, s := range m.Subscriptions {
			if p.Platform.BrokerURL == "" && !p.Command {
				c.addCrossing(p, s.From, m.Name, func(r *reasons) { r.events = append(r.events, s.Type) })
			}
		}
	}
	for _, g := range p.plan.Modules {
		for _, m := range p.plan.Modules {
			if g.Gateway && len(m.Operations) > 0 {
				c.addCrossing(p, g.Name, m.Name, func(r *reasons) { r.gateways = append(r.gateways, g.Name) })
			}
		}
	}
	slices.Sort(c.inward)
	c.inward = slices.Compact(c.inward)
	return c
}

// addCrossing notes an edge that has one end here.
func (c *crossings) addCrossing(p *planner, from, to string, note func(*reasons)) {
	switch {
	case p.plan.hosts(from) && !p.plan.hosts(to):
		r := c.outward[to]
		note(&r)
		c.outward[to] = r
	case !p.plan.hosts(from) && p.plan.hosts(to):
		c.inward = append(c.inward, from)
	}
}

func (p *planner) missingURLs(outward map[string]reasons) {
	for _, m := range p.plan.Modules {
		why, needed := outward[m.Name]
		if !needed {
			continue
		}
		if _, err := config.ModuleURL(p.Environment, m.Name); err != nil {
			p.addMissingf("%v", err)
		} else if m.URL == "" {
			p.addMissingf("%s is not set: %s is not hosted here and %s", config.ModuleVariable(m.Name, "URL"), m.Name, why)
		}
	}
}

// missingKey insists on a shared key where processes talk to each other. On one machine
// they find it in the data folder, once a process that hosts everything has made it.
func (p *planner) missingKey(c crossings) {
	if len(c.outward)+len(c.inward) == 0 {
		return
	}
	key, err := datadir.FindKey(p.Platform.InternalKey, p.Platform.DataDir)
	switch {
	case err != nil:
		p.addMissingf("%v", err)
	case key == "":
		p.addMissingf("INTERNAL_KEY is not set: the processes of the shop sign what they ask of each other with a key that they all have, 32 random bytes at least")
	}
}

func (p *planner) addMissingf(format string, args ...any) {
	p.plan.Missing = append(p.plan.Missing, fmt.Sprintf(format, args...))
}

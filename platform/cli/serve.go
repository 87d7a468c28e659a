package cli

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"app/platform/host"
	"app/platform/lifecycle"
)

// selection are the flags that choose modules.
type selection struct {
	all          bool
	only, except []string
}

func (s *selection) addFlags(c *cobra.Command, verb string) {
	c.Flags().BoolVar(&s.all, "all", false, verb+" every module")
	c.Flags().StringSliceVar(&s.only, "module", nil, verb+" these modules; separated by commas or given several times")
	c.Flags().StringSliceVar(&s.except, "except", nil, verb+" every module but these")
}

// isGiven reports whether a flag was given.
func (s *selection) isGiven() bool { return s.all || len(s.only)+len(s.except) > 0 }

// moduleNames are the modules chosen; without any flag they are all when orAll is set,
// and a usage error otherwise.
func (s *selection) moduleNames(modules []lifecycle.Module, orAll bool) ([]string, error) {
	all := s.all || orAll && !s.isGiven()
	return host.Select(modules, all, s.only, s.except)
}

func (p *Program) serveCommand() *cobra.Command {
	var chosen selection
	var split splitting
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve all modules in one process, or some of them",
		Long: "Serve brings the databases of the chosen modules up to date, starts the modules and serves until it is interrupted.\n" +
			"Modules that are not served here are reached at <MODULE>_URL; `app plan` says which of these are needed.\n\n" +
			"With --simulate-split a module that is served here is reached as if it were not, over a network as bad as the flags say,\n" +
			"to see what splitting it will do. At the end, and in the metrics souk_split_*, stands what each edge met.",
		Example: "  app serve --all\n  app serve --module=orders,payments\n  app serve --except=emails\n" +
			"  HTTP_ADDR=:8081 CATALOG_URL=http://catalog:8080 app serve --module=orders\n" +
			"  app serve --all --simulate-split=emails,payments --split-latency=5ms --split-loss=1%",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runServe(c, &chosen, &split) },
	}
	chosen.addFlags(c, "serve")
	split.addFlags(c)
	return c
}

func (p *Program) runServe(c *cobra.Command, chosen *selection, split *splitting) error {
	p.limitMemory()
	all := p.Modules()
	o := p.hostOptions(all)
	var err error
	if o.Hosted, err = chosen.moduleNames(all, false); err != nil {
		return err
	}
	if err := split.applyTo(c, &o); err != nil {
		return err
	}
	h, err := host.New(c.Context(), o)
	if err != nil {
		return err
	}
	defer printSummary(p.Out, h.Network())
	return h.Run(c.Context(), func() {
		p.printBanner(h)
		printSplit(p.Out, o.Split, h.Network())
	})
}

// printBanner says, once it is true, where the shop is.
func (p *Program) printBanner(h *host.Host) {
	took := p.Now().Sub(p.began).Round(time.Millisecond)
	hosted := h.Plan().Hosted()
	_, _ = fmt.Fprintf(p.Out, "\nSouk %s, ready in %s: %s\n\n", buildVersion(), took, strings.Join(hosted, ", "))
	w := tabwriter.NewWriter(p.Out, 0, 0, 3, ' ', 0)
	for _, l := range h.Links() {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", l.Title, l.Target)
	}
	_ = w.Flush()
	_, _ = fmt.Fprintln(p.Out)
}

// GarbagePercent is how much may be allocated between two collections, in percent of
// what is alive. A shop keeps little alive, so the runtime's own 100 collect many times
// a second under load. Measured, 400 save 17 % of the processor time of a product read
// and cost 1 MB of memory when idle.
const GarbagePercent = 400

// limitMemory lets the garbage collector take its time, unless GOGC says otherwise, and
// makes it work harder before the memory that there is runs out, unless GOMEMLIMIT says
// otherwise: at 90 % of the container's limit, else of the machine's memory.
func (p *Program) limitMemory() {
	if set, _ := p.Environment("GOGC"); set == "" {
		debug.SetGCPercent(GarbagePercent)
	}
	if set, _ := p.Environment("GOMEMLIMIT"); set != "" {
		return // the runtime has read it
	}
	if limit := memoryLimit(os.DirFS("/")); limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

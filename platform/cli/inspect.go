package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"app/platform/config"
	"app/platform/host"
	"app/platform/host/plan"
)

func (p *Program) modulesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "modules",
		Short:   "Show the modules: who calls and hears whom, and what each needs",
		Example: "  app modules",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all := p.Modules()
			o := p.hostOptions(all)
			o.Hosted, _ = host.Select(all, true, nil, nil)
			process, err := host.Examine(o)
			if err != nil {
				return err
			}
			for _, m := range process.Modules {
				printModule(p.Out, m)
			}
			return nil
		},
	}
}

func printModule(out io.Writer, m plan.Module) {
	_, _ = fmt.Fprintln(out, m.Name)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	defer func() { _ = w.Flush(); _, _ = fmt.Fprintln(out) }()
	line := func(label string, values ...string) {
		if len(values) > 0 {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", label, strings.Join(values, ", "))
		}
	}
	line("calls", calledModules(m)...)
	if m.Outside != "" {
		line("asks", m.Outside)
	}
	line("hears", subscribedEvents(m)...)
	line("emits", m.Emits...)
	if n := len(m.Operations); n > 0 {
		line("serves", fmt.Sprintf("%d public operations", n))
	}
	if m.Database != "" {
		line("data", fmt.Sprintf("%s (%s)", m.Database, config.ModuleVariable(m.Name, "DATABASE_URL")))
	}
	for _, v := range m.Variables {
		line("reads", describeVariable(v))
	}
}

func describeVariable(v config.Variable) string {
	text := v.Name
	if v.Default != "" {
		text += "=" + v.Default
	}
	if v.Doc != "" {
		text += ": " + v.Doc
	}
	return text
}

func calledModules(m plan.Module) []string {
	var out []string
	for _, e := range m.Calls {
		out = append(out, e.To)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func subscribedEvents(m plan.Module) []string {
	var out []string
	for _, h := range m.Subscriptions {
		out = append(out, h.Type)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *Program) planCommand() *cobra.Command {
	var chosen selection
	var prints printed
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show how `serve` would put a process together, and what is missing for it",
		Long: "Plan reads the configuration like `serve`, touches nothing, and shows which edges would be local calls and which go to\n" +
			"another process, the databases, the addresses, the events, and what is there of the broker's exchanges and queues. It\n" +
			"exits with 2 when something is missing. With --compose it prints the services of compose.yaml instead, one for each module;\n" +
			"with --sql what an administrator of MySQL runs for each module: a schema, and an account that reaches no other; with\n" +
			"--broker what one of RabbitMQ imports: an account for each module that reaches its own exchange and queue and no\n" +
			"other's, and what they are tied together by. Where it says @orders_hash@ goes the password of orders, hashed.",
		Example: "  app plan --all\n  app plan --module=orders\n  CATALOG_URL=http://catalog:8080 app plan --module=orders\n  app plan --compose\n" +
			"  app plan --all --sql\n  app plan --broker",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runPlan(c, &chosen, prints) },
	}
	chosen.addFlags(c, "host")
	c.Flags().BoolVar(&prints.accounts, "sql", false, "print the schemas and accounts of the modules for MySQL")
	c.Flags().BoolVar(&prints.compose, "compose", false, "print the services that compose.yaml has for the modules")
	c.Flags().BoolVar(&prints.broker, "broker", false, "print the accounts, exchanges, queues and bindings of all modules for RabbitMQ")
	return c
}

// printed is what plan prints instead of the plan; one of them at most.
type printed struct{ compose, accounts, broker bool }

// coversAllModules reports whether it is about all modules.
func (p printed) coversAllModules() bool { return p.compose || p.broker }

func (p *Program) runPlan(c *cobra.Command, chosen *selection, prints printed) error {
	switch {
	case prints.compose && (chosen.isGiven() || prints.accounts || prints.broker):
		return &usageError{errors.New("--compose is about every module and nothing else: choose none with it")}
	case prints.broker && (chosen.isGiven() || prints.accounts):
		return &usageError{errors.New("--broker is about every module and nothing else: choose none with it")}
	}
	all := p.Modules()
	o := p.hostOptions(all)
	var err error
	if o.Hosted, err = chosen.moduleNames(all, prints.coversAllModules()); err != nil {
		return err
	}
	process, err := host.Examine(o)
	if err != nil {
		return err
	}
	switch {
	case prints.compose:
		printCompose(p.Out, process)
		return nil
	case prints.broker:
		definitions, err := process.BrokerDefinitions()
		if err != nil {
			return err
		}
		_, err = p.Out.Write(definitions)
		return err
	case prints.accounts:
		printAccounts(p.Out, process)
		return nil
	}
	printPlan(c.Context(), p.Out, process)
	if n := len(process.Missing); n > 0 {
		return &usageError{fmt.Errorf("not ready to be served: %d missing, see above", n)}
	}
	return nil
}

func printPlan(ctx context.Context, out io.Writer, process *plan.Process) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	defer func() { _ = w.Flush() }()
	_, _ = fmt.Fprintf(w, "hosted here\t%s\n", strings.Join(process.Hosted(), ", "))
	for _, l := range process.Listens {
		_, _ = fmt.Fprintf(w, "listens\t%s\t%s\t%s\n", l.Variable, l.Addr, l.Serves)
	}
	for _, m := range process.Modules {
		if m.Hosted {
			printPlanned(w, process, m)
		}
	}
	printBroker(ctx, w, process)
	printSwitches(w, process)
	for _, missing := range process.Missing {
		_, _ = fmt.Fprintf(w, "missing\t%s\n", missing)
	}
}

func printPlanned(w io.Writer, process *plan.Process, m plan.Module) {
	_, _ = fmt.Fprintf(w, "\n%s\n", m.Name)
	if m.Database != "" {
		_, _ = fmt.Fprintf(w, "  database\t%s\n", m.Database)
	}
	for _, e := range m.Calls {
		_, _ = fmt.Fprintf(w, "  calls\t%s\t%s\n", e.To, describeCallTarget(e))
	}
	for _, h := range m.Subscriptions {
		from := "from this process"
		if !h.Local {
			from = "from " + h.From + ", " + cmp.Or(byBroker(process), "elsewhere")
		}
		_, _ = fmt.Fprintf(w, "  hears\t%s\t%s\n", h.Type, from)
	}
	for _, e := range m.Emits {
		_, _ = fmt.Fprintf(w, "  emits\t%s\t%s\n", e, strings.Join(describeSubscribers(process, e), ", "))
	}
}

// describeSubscribers says who subscribes to a type of event.
func describeSubscribers(process *plan.Process, event string) []string {
	var out []string
	for _, m := range process.Modules {
		if !slices.Contains(subscribedEvents(m), event) {
			continue
		}
		if m.Hosted {
			out = append(out, "to "+m.Name+" in this process")
		} else {
			out = append(out, "to "+m.Name+" "+cmp.Or(byBroker(process), "at "+cmp.Or(m.URL, "an address that is not set")))
		}
	}
	return out
}

// byBroker says how events reach other processes when there is a broker.
func byBroker(process *plan.Process) string {
	if process.Broker == "" {
		return ""
	}
	return "by the broker"
}

// printBroker shows what the broker has of what the process needs. One that is away is
// no mistake.
func printBroker(ctx context.Context, w io.Writer, process *plan.Process) {
	if process.Broker == "" {
		return
	}
	found, err := process.AskBroker(ctx)
	state := "answers"
	if err != nil {
		state = "does not answer: events wait until it does (" + err.Error() + ")"
	}
	_, _ = fmt.Fprintf(w, "\nbroker\t%s\t%s\n", process.Broker, state)
	if r, uses := process.BrokerRights(); uses {
		_, _ = fmt.Fprintf(w, "  rights\tconfigure %s\twrite %s, read %s, once an administrator has imported app plan --broker\n", r.Configure, r.Write, r.Read)
	}
	for _, part := range found {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", part.Kind, part.Name, part.State)
	}
}

func describeCallTarget(e plan.Edge) string {
	if e.Local {
		return "local"
	}
	return "remote, at " + cmp.Or(e.URL, "an address that is not set")
}

func (p *Program) routesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "routes",
		Short:   "List the public operations: method, path, who may call, rate class, idempotency key, module",
		Example: "  app routes\n  app routes | grep orders",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "METHOD\tPATH\tACCESS\tRATE\tKEY\tMODULE")
			for _, r := range host.Routes(p.Modules()) {
				op := r.Operation
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", op.Method, op.Path, op.Access, op.Rate, op.Idempotency, r.Module)
			}
			return w.Flush()
		},
	}
}

func (p *Program) openAPICommand() *cobra.Command {
	return &cobra.Command{
		Use:     "openapi",
		Short:   "Print the OpenAPI 3.1 document of the public API",
		Example: "  app openapi > openapi.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			document, err := host.OpenAPI(p.Modules())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.Out, string(document))
			return err
		},
	}
}

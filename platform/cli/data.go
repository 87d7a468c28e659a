package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"app/platform/database"
	"app/platform/database/migrate"
	"app/platform/events/inbox"
	"app/platform/host"
)

func (p *Program) migrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "migrate",
		Short:   "Bring databases up to date, or show how far they are",
		Long:    "Serve migrates by itself; these commands are for doing it before, and for looking.",
		Example: "  app migrate status\n  app migrate up --module=orders",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.overDatabases("up", "Apply the migrations that are pending", "  app migrate up\n  app migrate up --module=orders,catalog", true, p.migrateUp),
		p.overDatabases("status", "List the migrations and when each was applied", "  app migrate status\n  app migrate status --module=orders", false, p.migrateStatus),
	)
	return c
}

// overDatabases makes a command that does something with the database of each chosen
// module, all when none is.
func (p *Program) overDatabases(use, short, example string, create bool, do func(*cobra.Command, string, *database.DB) error) *cobra.Command {
	var chosen selection
	c := &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.eachDatabase(c, &chosen, create, func(module string, db *database.DB) error { return do(c, module, db) })
		},
	}
	chosen.addFlags(c, "take")
	return c
}

func (p *Program) eachDatabase(c *cobra.Command, chosen *selection, create bool, do func(string, *database.DB) error) error {
	all := p.Modules()
	o := p.hostOptions(all)
	var err error
	if o.Hosted, err = chosen.moduleNames(all, true); err != nil {
		return err
	}
	return host.Databases(c.Context(), o, create, do)
}

func (p *Program) migrateUp(c *cobra.Command, module string, db *database.DB) error {
	applied, err := migrate.Up(c.Context(), db)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", module, err)
	}
	_, _ = fmt.Fprintf(p.Out, "%s: %d applied\n", module, len(applied))
	for _, id := range applied {
		_, _ = fmt.Fprintf(p.Out, "  %s\n", id)
	}
	return nil
}

func (p *Program) migrateStatus(c *cobra.Command, module string, db *database.DB) error {
	list, err := migrate.Status(c.Context(), db)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, module)
	for _, m := range list {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", m.ID, migrationStatus(m))
	}
	return w.Flush()
}

func migrationStatus(m migrate.Migration) string {
	switch {
	case m.AppliedAt.IsZero():
		return "pending"
	case m.Changed:
		return m.AppliedAt.Format(time.RFC3339) + ", edited since"
	}
	return m.AppliedAt.Format(time.RFC3339)
}

func (p *Program) eventsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "events",
		Short: "Look at events that could not be handled, and try them again",
		Long: "An event that a consumer fails to handle is tried again with growing delays; after the last attempt it is dead and waits\n" +
			"here. The commands work on the databases of the configured modules, whether a process serves them or not.",
		Example: "  app events dead\n  app events show emails.receipt 0199c4a5-…\n  app events retry emails.receipt",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.eventsDead(), p.eventsShow(), p.eventsRetry(), p.eventsResend())
	return c
}

func (p *Program) eventsDead() *cobra.Command {
	return p.overDatabases("dead", "List the dead events", "  app events dead\n  app events dead --module=emails", false,
		func(c *cobra.Command, module string, db *database.DB) error {
			entries, err := inbox.ListDead(c.Context(), db, 0)
			if err != nil {
				return fmt.Errorf("%s: %w", module, err)
			}
			if len(entries) == 0 {
				_, _ = fmt.Fprintf(p.Out, "%s: no dead events\n", module)
				return nil
			}
			w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
			for _, e := range entries {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d attempts\t%s\n", e.Consumer, e.ID, e.Type, e.Attempts, e.LastError)
			}
			return w.Flush()
		})
}

// ofConsumer selects the module that a consumer such as "emails.receipt" belongs to.
func ofConsumer(consumer string) *selection {
	module, _, _ := strings.Cut(consumer, ".")
	return &selection{only: []string{module}}
}

func (p *Program) eventsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show CONSUMER EVENT", Short: "Show one event of a consumer, its attempts and its content",
		Example: "  app events show emails.receipt 0199c4a5-7c1e-7d3a-9f5e-2b6c8d0e1f23",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.eachDatabase(c, ofConsumer(args[0]), false, func(_ string, db *database.DB) error {
				e, err := inbox.ShowDead(c.Context(), db, args[0], args[1])
				if err != nil {
					return err
				}
				p.printEvent(e)
				return nil
			})
		},
	}
}

func (p *Program) printEvent(e inbox.Entry) {
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "consumer\t%s\nevent\t%s\ntype\t%s\noccurred\t%s\nattempts\t%d\nlast error\t%s\nrequest\t%s\n", e.Consumer,
		e.ID, e.Type, e.OccurredAt.Format(time.RFC3339Nano), e.Attempts, e.LastError, e.RequestID)
	_ = w.Flush()
	content, err := e.JSON()
	if err != nil {
		content = []byte(err.Error())
	}
	_, _ = fmt.Fprintf(p.Out, "%s\n", content)
}

func (p *Program) eventsRetry() *cobra.Command {
	return &cobra.Command{
		Use: "retry CONSUMER [EVENT]", Short: "Give dead events another round of attempts: one event, or all of a consumer",
		Example: "  app events retry emails.receipt\n  app events retry emails.receipt 0199c4a5-7c1e-7d3a-9f5e-2b6c8d0e1f23",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			event := ""
			if len(args) == 2 {
				event = args[1]
			}
			return p.eachDatabase(c, ofConsumer(args[0]), false, func(_ string, db *database.DB) error {
				n, err := inbox.Retry(c.Context(), db, args[0], event)
				if err == nil {
					_, _ = fmt.Fprintf(p.Out, "%d to be tried again\n", n)
				}
				return err
			})
		},
	}
}

package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"app/platform/database"
	"app/platform/events/outbox"
)

func (p *Program) eventsResend() *cobra.Command {
	var module, since string
	c := &cobra.Command{
		Use:   "resend",
		Short: "Deliver again what a module told since a time, for listeners that were restored from a backup",
		Long: "Resend makes the events that a module emitted since a time wait to be delivered again, to all of their listeners. Those who\n" +
			"have handled an event take no notice of it. Events are kept for a week; sensitive ones, such as one-time codes, cannot be\n" +
			"delivered again.",
		Example: "  app events resend --module=orders --since=2026-11-21T06:00:00Z",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			from, err := time.Parse(time.RFC3339, since)
			if err != nil {
				return &usageError{fmt.Errorf("--since=%q: not a time such as 2026-11-21T06:00:00Z", since)}
			}
			return p.eachDatabase(c, &selection{only: []string{module}}, false, func(module string, db *database.DB) error {
				n, err := outbox.Resend(c.Context(), db, from)
				if err == nil {
					_, _ = fmt.Fprintf(p.Out, "%s: %d to be delivered again\n", module, n)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&module, "module", "", "the module that emitted them")
	c.Flags().StringVar(&since, "since", "", "the time, as in 2026-11-21T06:00:00Z")
	_ = errors.Join(c.MarkFlagRequired("module"), c.MarkFlagRequired("since")) // they are defined above
	return c
}

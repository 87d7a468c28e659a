package users

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"app/modules/users/internal/keys"
	"app/platform/host"
)

// keyCommands are `app keys`.
func (m *Module) keyCommands(tool host.Tool) *cobra.Command {
	all := &cobra.Command{Use: "keys", Short: "List and rotate the keys that sign access tokens", Args: cobra.NoArgs}
	list := &cobra.Command{
		Use: "list", Short: "List the keys that verify access tokens", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error { return showKeys(c.OutOrStdout())(m.subjects.Keys.List(ctx)) })
		},
	}
	var lead time.Duration
	var revoke bool
	rotate := &cobra.Command{
		Use: "rotate", Short: "Make a new signing key while the shop goes on", Args: cobra.NoArgs,
		Long: "Makes a new key, which is published at once and signs after the lead time; the key before it verifies until its last token has\n" +
			"run out. Nobody is signed out and no request fails.\n\n" +
			"With --revoke, for a key that somebody else may have, the new key signs at once and all others are refused within seconds:\n" +
			"clients have to refresh their access tokens, which their refresh tokens still allow.",
		Example: "  app keys rotate\n  app keys rotate --lead 1h\n  app keys rotate --revoke",
		RunE: func(c *cobra.Command, _ []string) error {
			if revoke && c.Flags().Changed("lead") {
				return errors.New("--revoke and --lead do not go together")
			}
			return tool.Run(c.Context(), func(ctx context.Context) error {
				if revoke {
					return showKeys(c.OutOrStdout())(m.subjects.Keys.Revoke(ctx))
				}
				return showKeys(c.OutOrStdout())(m.subjects.Keys.Rotate(ctx, lead))
			})
		},
	}
	rotate.Flags().DurationVar(&lead, "lead", keys.DefaultLead, "how long the new key is published before it signs")
	rotate.Flags().BoolVar(&revoke, "revoke", false, "trust the other keys no longer")
	all.AddCommand(list, rotate)
	return all
}

// showKeys prints the keys after whatever was done to them.
func showKeys(out io.Writer) func(found []keys.Info, err error) error {
	return func(found []keys.Info, err error) error {
		if err != nil {
			return flattenFieldErrors(err)
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "KID\tGENERATION\tSIGNS FROM\tVERIFIES UNTIL\t")
		for _, k := range found {
			until, now := "-", ""
			if !k.NotAfter.IsZero() {
				until = k.NotAfter.Format(time.RFC3339)
			}
			if k.Signs {
				now = "signs now"
			}
			_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", k.ID, k.Generation, k.ActiveFrom.Format(time.RFC3339), until, now)
		}
		return w.Flush() //nolint:wrapcheck // the error of writing to the terminal
	}
}

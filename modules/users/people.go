package users

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/platform/host"
)

// auditLimit bounds what one look into the audit log shows.
const auditLimit = 1000

// peopleCommands are `app users`.
func (m *Module) peopleCommands(tool host.Tool) *cobra.Command {
	people := &cobra.Command{Use: "users", Short: "Look after accounts: audit log, sessions, disabling, import", Args: cobra.NoArgs}
	people.AddCommand(
		m.auditCommand(tool),
		m.importCommand(tool),
		m.onePerson(tool, "disable", "Keep somebody out and end all their sessions", func(ctx context.Context, u account.User) (string, error) {
			changed, err := m.subjects.Admins.Disable(ctx, u.ID)
			return outcomeText(changed, "disabled; every session has ended", "is disabled already"), err
		}),
		m.onePerson(tool, "enable", "Let somebody in again", func(ctx context.Context, u account.User) (string, error) {
			changed, err := m.subjects.Admins.Enable(ctx, u.ID)
			return outcomeText(changed, "may sign in again", "is not disabled"), err
		}),
		m.onePerson(tool, "forget-factors", "Take away the second factors of somebody who has lost them all", func(ctx context.Context, u account.User) (string, error) {
			changed, err := m.subjects.Admins.ForgetFactors(ctx, u.ID)
			return outcomeText(changed, "has no second factor any more; every session has ended", "has no second factor"), err
		}),
		m.onePerson(tool, "sign-out", "End all sessions of somebody", func(ctx context.Context, u account.User) (string, error) {
			ended, err := m.subjects.Admins.SignOutEverywhere(ctx, u.ID)
			return fmt.Sprintf("signed out of %d sessions", ended), err
		}),
	)
	return people
}

func outcomeText(changed bool, done, already string) string {
	if changed {
		return done
	}
	return already
}

// onePerson is a command that does something to the account of --user and says what it
// did.
func (m *Module) onePerson(tool host.Tool, use, short string, do func(ctx context.Context, u account.User) (string, error)) *cobra.Command {
	var who string
	c := &cobra.Command{
		Use: use + " --user ID|ADDRESS", Short: short, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error {
				u, err := m.subjects.Accounts.Somebody(ctx, who)
				if err != nil {
					return flattenFieldErrors(err)
				}
				said, err := do(commandLineContext(ctx), u)
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "%s (%s) %s\n", u.Email, u.ID, said)
				}
				return err
			})
		},
	}
	addUserFlag(c, &who)
	return c
}

// addUserFlag adds the flag that names an account.
func addUserFlag(c *cobra.Command, who *string) {
	c.Flags().StringVar(who, "user", "", "id or address of the account")
	if err := c.MarkFlagRequired("user"); err != nil {
		panic(err) // the flag was made above
	}
}

func (m *Module) auditCommand(tool host.Tool) *cobra.Command {
	var who string
	var limit int
	c := &cobra.Command{
		Use: "audit --user ID|ADDRESS", Short: "Show the audit log of an account", Args: cobra.NoArgs,
		Long:    "Shows what happened to an account, the newest first. With --user - it shows attempts to sign in to addresses that have no account.",
		Example: "  app users audit --user ada@example.com\n  app users audit --user - --limit 100",
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 || limit > auditLimit {
				return fmt.Errorf("--limit must be between 1 and %d", auditLimit)
			}
			return tool.Run(c.Context(), func(ctx context.Context) error {
				id := ""
				if who != "-" {
					u, err := m.subjects.Accounts.Somebody(ctx, who)
					if err != nil {
						return flattenFieldErrors(err)
					}
					id = u.ID
				}
				records, err := m.subjects.Audits.Of(ctx, id, "", limit)
				if err != nil {
					return err
				}
				return showAudit(c.OutOrStdout(), records)
			})
		},
	}
	addUserFlag(c, &who)
	c.Flags().IntVar(&limit, "limit", 50, "records to show at most")
	return c
}

func showAudit(out io.Writer, records []audit.Record) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "TIME\tEVENT\tOUTCOME\tDETAIL\tNETWORK\tSESSION\tREQUEST\tDEVICE")
	for _, r := range records {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%q\n",
			r.CreatedAt.Format(time.RFC3339), r.Event, r.Outcome, r.Detail, r.Network, r.SessionID, r.RequestID, r.UserAgent)
	}
	return w.Flush() //nolint:wrapcheck // the error of writing to the terminal
}

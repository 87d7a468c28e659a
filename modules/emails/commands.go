package emails

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/ses"
	"app/modules/emails/internal/template"
	"app/platform/host"
)

// Commands implements host.Commander.
func (m *Module) Commands(tool host.Tool) []*cobra.Command {
	c := &cobra.Command{
		Use: "emails", Short: "Look at e-mails, and mend what went wrong with them", Args: cobra.NoArgs,
		Example: "  app emails preview receipt --locale=de\n  app emails dead\n  app emails retry --all",
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(m.listCommand(tool), m.deadCommand(tool), m.withheldCommand(tool), m.retryCommand(tool), previewCommand(), m.verifyIdentity(tool), m.templatesCommand(tool))
	return []*cobra.Command{c}
}

// listed is how many e-mails a list shows.
const listed = 50

func (m *Module) listCommand(tool host.Tool) *cobra.Command {
	var status, template string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List e-mails, newest first", Args: cobra.NoArgs,
		Example: "  app emails list\n  app emails list --status=unknown --limit=10",
		RunE: func(c *cobra.Command, _ []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error {
				found, err := m.emails.List(ctx, email.Filter{Status: email.Status(status), Template: template, Limit: limit})
				if err != nil {
					return err
				}
				return writeEmailTable(c.OutOrStdout(), found)
			})
		},
	}
	c.Flags().StringVar(&status, "status", "", "only these: queued, sending, sent, failed or unknown")
	c.Flags().StringVar(&template, "template", "", "only e-mails of this template")
	c.Flags().IntVar(&limit, "limit", listed, "as many at most")
	return c
}

func (m *Module) deadCommand(tool host.Tool) *cobra.Command {
	return &cobra.Command{
		Use: "dead", Short: "List e-mails that have failed, or of which nothing was heard since their reply was lost", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error {
				found, err := m.emails.Dead(ctx, m.cfg.Silent, listed)
				if err != nil {
					return err
				}
				return writeEmailTable(c.OutOrStdout(), found)
			})
		},
	}
}

func (m *Module) withheldCommand(tool host.Tool) *cobra.Command {
	return &cobra.Command{
		Use: "withheld", Short: "List e-mails of the last month that were not written because the recipient had enough, or the order was never paid", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error {
				found, err := m.withheld.List(ctx, listed)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
				_, _ = fmt.Fprintln(w, "TO\tTEMPLATE\tWHY\tLETTERS THAT DAY\tLAST")
				for _, f := range found {
					_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", f.Recipient, f.Template, f.Reason, f.Emails, f.LastAt.Format(time.RFC3339))
				}
				return w.Flush()
			})
		},
	}
}

func writeEmailTable(to io.Writer, found []email.Email) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tSTATUS\tTEMPLATE\tTO\tCREATED\tTRIES\tWHY")
	for _, e := range found {
		status := string(e.Status)
		if e.Failure != "" {
			status += " (" + string(e.Failure) + ")"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", e.ID, status, e.Template, e.Recipient, e.CreatedAt.Format(time.RFC3339), e.Attempts, e.LastError)
	}
	return w.Flush()
}

func (m *Module) retryCommand(tool host.Tool) *cobra.Command {
	var all, evenIfSent bool
	c := &cobra.Command{
		Use: "retry [ID...]", Short: "Queue e-mails again that have failed",
		Long: "Queue e-mails again that have failed. An e-mail whose reply was lost may have been sent: it is queued again only by\n" +
			"its id and with --even-if-sent. What e-mails with codes say is erased; they cannot be sent again.",
		Example: "  app emails retry ltr_01kan4v6e8fx2s1gq0vj5t3x7c\n  app emails retry --all",
		Args: func(c *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return fmt.Errorf("name e-mails, or all of them with --all")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error { return m.requeueEmails(ctx, c.OutOrStdout(), all, evenIfSent, args) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "every e-mail that has failed")
	c.Flags().BoolVar(&evenIfSent, "even-if-sent", false, "also when it may have been sent already")
	return c
}

func (m *Module) requeueEmails(ctx context.Context, out io.Writer, all, evenIfSent bool, ids []string) error {
	n := 0
	if all {
		var err error
		if n, err = m.emails.RetryAll(ctx); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := m.emails.Retry(ctx, id, evenIfSent); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		n++
	}
	_, err := fmt.Fprintf(out, "%d queued again\n", n)
	return err
}

func previewCommand() *cobra.Command {
	var locale string
	var html bool
	c := &cobra.Command{
		Use: "preview NAME", Short: "Show an e-mail as it would be, with made-up data", Args: cobra.ExactArgs(1),
		Example: "  app emails preview receipt --locale=de\n  app emails preview welcome --html > welcome.html",
		RunE: func(c *cobra.Command, args []string) error {
			set, err := template.Parse("en")
			if err != nil {
				return err
			}
			t, ok := set.ByName(args[0])
			if !ok {
				return fmt.Errorf("there is no template %q; `app emails templates` lists them", args[0])
			}
			if !slices.Contains(set.Locales(), locale) {
				return fmt.Errorf("there are no e-mails in %q, only in %v", locale, set.Locales())
			}
			r, err := t.Render(locale, template.Sample)
			if err != nil {
				return err
			}
			if html {
				_, err = fmt.Fprint(c.OutOrStdout(), r.HTML)
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "Subject: %s\n\n%s", r.Subject, r.Text)
			return err
		},
	}
	c.Flags().StringVar(&locale, "locale", "en", "language")
	c.Flags().BoolVar(&html, "html", false, "the HTML instead of the text")
	return c
}

func (m *Module) verifyIdentity(tool host.Tool) *cobra.Command {
	return &cobra.Command{
		Use: "verify-identity", Short: "Create the sender's identity in Amazon SES and print its DNS records", Args: cobra.NoArgs,
		Long: "Create the identity of EMAIL_FROM's domain in Amazon SES, unless it is there, and print the DNS records to publish.\n" +
			"SES verifies the domain when it finds them; the command can be repeated to see whether it has.",
		RunE: func(c *cobra.Command, _ []string) error {
			return m.withSES(c.Context(), tool, func(ctx context.Context, t *ses.Transport) error {
				id, err := t.VerifyIdentity(ctx)
				if err != nil {
					return err
				}
				return printIdentity(c.OutOrStdout(), id)
			})
		},
	}
}

func printIdentity(to io.Writer, id ses.Identity) error {
	state := "not verified yet: publish these records"
	if id.Verified {
		state = "verified"
	}
	_, _ = fmt.Fprintf(to, "%s: %s\n", id.Domain, state)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, r := range id.Records {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, r.Type, r.Value)
	}
	return w.Flush()
}

func (m *Module) templatesCommand(tool host.Tool) *cobra.Command {
	c := &cobra.Command{
		Use: "templates", Short: "List the templates and what each needs", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := template.Parse("en")
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, t := range set.All() {
				_, _ = fmt.Fprintf(w, "%s\t", t.Name)
				for _, v := range t.Variables {
					_, _ = fmt.Fprintf(w, "%s (%s) ", v.Name, v.Kind)
				}
				_, _ = fmt.Fprintln(w)
			}
			return w.Flush()
		},
	}
	c.AddCommand(&cobra.Command{
		Use: "push", Short: "Store the templates in Amazon SES, for EMAIL_SES_TEMPLATES=stored", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return m.withSES(c.Context(), tool, func(ctx context.Context, t *ses.Transport) error { return m.pushTemplates(ctx, c.OutOrStdout(), t) })
		},
	})
	return c
}

func (m *Module) pushTemplates(ctx context.Context, out io.Writer, t *ses.Transport) error {
	set := m.emails.Templates
	for _, kind := range set.All() {
		for _, locale := range set.Locales() {
			name, err := t.Push(ctx, kind, locale)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(out, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// withSES opens the module and gives its SES, also while e-mails go another way: a
// domain is verified before.
func (m *Module) withSES(ctx context.Context, tool host.Tool, do func(context.Context, *ses.Transport) error) error {
	return tool.Run(ctx, func(ctx context.Context) error {
		t, err := m.newSES(ctx, m.env)
		if err != nil {
			return fmt.Errorf("EMAIL_FROM, EMAIL_SES_REGION: %w", err)
		}
		return do(ctx, t)
	})
}

package users

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"app/modules/users/internal/admin"
	"app/modules/users/internal/authn"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/host"
)

// Commands implements host.Commander.
func (m *Module) Commands(tool host.Tool) []*cobra.Command {
	return []*cobra.Command{m.adminCommand(tool), m.keyCommands(tool), m.peopleCommands(tool)}
}

// adminFlags are what `app admin` is told to do.
type adminFlags struct {
	email               string
	stdin, remove, list bool
}

func (m *Module) adminCommand(tool host.Tool) *cobra.Command {
	var flags adminFlags
	c := &cobra.Command{
		Use:   "admin --email ADDRESS | --list",
		Short: "Make somebody an administrator of the shop, or no longer one",
		Long: "Makes the account of the address an administrator's. An address without an account gets one, with a password that is read\n" +
			"from the standard input or made up and shown once. An account that is there keeps its password and second factors, and its\n" +
			"sessions end. With --remove the account is no administrator's any more and its sessions end. Either is in the audit log of the\n" +
			"account, with the name of the system's user, and its owner gets an e-mail. Repeating it changes nothing.",
		Example: "  app admin --email ada@example.com\n  app admin --email ada@example.com --password-stdin < password.txt\n" +
			"  app admin --email ada@example.com --remove\n  app admin --list",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return m.runAdminCommand(c, tool, flags) },
	}
	c.Flags().StringVar(&flags.email, "email", "", "address of the account")
	c.Flags().BoolVar(&flags.stdin, "password-stdin", false, "read the password of a new account from the first line of the standard input")
	c.Flags().BoolVar(&flags.remove, "remove", false, "take the rights of an administrator away")
	c.Flags().BoolVar(&flags.list, "list", false, "list the administrators")
	c.MarkFlagsMutuallyExclusive("list", "email")
	c.MarkFlagsMutuallyExclusive("list", "remove", "password-stdin")
	return c
}

func (m *Module) runAdminCommand(c *cobra.Command, tool host.Tool, flags adminFlags) error {
	if flags.email == "" && !flags.list {
		return errors.New(`required flag(s) "email" not set`)
	}
	password, err := readPassword(c.InOrStdin(), flags.stdin)
	if err != nil {
		return err
	}
	return tool.Run(c.Context(), func(ctx context.Context) error {
		ctx, out := commandLineContext(ctx), c.OutOrStdout()
		switch {
		case flags.list:
			return m.listAdmins(ctx, out)
		case flags.remove:
			return m.removeAdmin(ctx, out, flags.email)
		}
		return m.makeAdmin(ctx, out, flags.email, password)
	})
}

// commandLineContext is a context of the command line: the audit log has it, with the
// system's user, where it has the browser of others.
func commandLineContext(ctx context.Context) context.Context {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return callctx.WithClient(ctx, callctx.Client{Agent: "command line, by " + name})
}

func (m *Module) listAdmins(ctx context.Context, out io.Writer) error {
	admins, err := m.subjects.Admins.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tEMAIL\tSECOND FACTORS\tSTATE")
	for _, a := range admins {
		state := "active"
		if a.Disabled {
			state = "disabled"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.ID, a.Email, factorNames(a.Factors), state)
	}
	return w.Flush() //nolint:wrapcheck // the error of writing to the terminal
}

// factorNames lists second factors in a few words.
func factorNames(factors []authn.Method) string {
	if len(factors) == 0 {
		return "none"
	}
	var names []string
	for _, f := range factors {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

func (m *Module) removeAdmin(ctx context.Context, out io.Writer, who string) error {
	done, err := m.subjects.Admins.RemoveAdmin(ctx, who)
	if err != nil {
		return flattenFieldErrors(err)
	}
	said := done.User.Email + " (" + done.User.ID + ") is no administrator; nothing changed"
	if done.Removed {
		said = fmt.Sprintf("%s (%s) is no administrator any more; sessions ended: %d", done.User.Email, done.User.ID, done.Ended)
	}
	if done.Removed && done.Left == 0 {
		said += "\nwarning: the shop has no administrator now; app admin --email ADDRESS makes one"
	}
	_, err = fmt.Fprintln(out, said)
	return err
}

// readPassword reads the first line, if it is wanted.
func readPassword(in io.Reader, wanted bool) (string, error) {
	if !wanted {
		return "", nil
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("read password: the standard input is empty")
	}
	return line, nil
}

// makeAdmin tells what it did on out.
func (m *Module) makeAdmin(ctx context.Context, out io.Writer, email, password string) error {
	done, err := m.subjects.Admins.MakeAdmin(ctx, email, password)
	if err != nil {
		return flattenFieldErrors(err)
	}
	_, err = fmt.Fprintln(out, describeAppointment(done, password != ""))
	return err
}

// describeAppointment is the outcome in words.
func describeAppointment(done admin.Appointment, password bool) string {
	who := done.User.Email + " (" + done.User.ID + ")"
	switch {
	case done.Generated != "":
		return "made " + who + " an administrator with a new account; password, shown this once: " + done.Generated
	case done.Created:
		return "made " + who + " an administrator with a new account"
	case done.Promoted:
		return toldPromoted(done, who, password)
	}
	return who + " is an administrator already; nothing changed"
}

// toldPromoted says what becomes of an account that was there. Somebody else may have
// set it up, in the hope of this.
func toldPromoted(done admin.Appointment, who string, password bool) string {
	said := fmt.Sprintf("made %s an administrator, from the next sign-in on; the account was there: sessions ended: %d", who, done.Ended)
	if password {
		said += "; it keeps its password, the one given was not used"
	} else {
		said += "; it keeps its password"
	}
	if len(done.Factors) > 0 {
		said += "\nsecond factors that it had before stay: " + factorNames(done.Factors) + "; if they are not its owner's: app users forget-factors --user " + done.User.ID
	}
	return said
}

// flattenFieldErrors puts the complaints about the input into the one line that is
// shown.
func flattenFieldErrors(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	var complaints []string
	for _, field := range f.Fields {
		complaints = append(complaints, strings.TrimPrefix(field.Pointer, "/")+" "+field.Detail)
	}
	return errors.New(strings.Join(complaints, "; "))
}

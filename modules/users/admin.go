package users

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"app/modules/users/internal/service"
	"app/platform/fault"
	"app/platform/host"
)

// Commands implements host.Commander.
func (m *Module) Commands(tool host.Tool) []*cobra.Command {
	return []*cobra.Command{m.adminCommand(tool), m.keyCommands(tool), m.peopleCommands(tool)}
}

func (m *Module) adminCommand(tool host.Tool) *cobra.Command {
	var email string
	var stdin bool
	c := &cobra.Command{
		Use:   "admin --email ADDRESS",
		Short: "Make somebody an administrator of the shop",
		Long: "Makes the account of the address an administrator's. An address without an account gets one, with a password that is read\n" +
			"from the standard input or made up and shown once. An account that is there keeps its password. Repeating it changes nothing.",
		Example: "  app admin --email ada@example.com\n  app admin --email ada@example.com --password-stdin < password.txt",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			password, err := readPassword(c.InOrStdin(), stdin)
			if err != nil {
				return err
			}
			return tool.Run(c.Context(), func(ctx context.Context) error { return m.appoint(ctx, c.OutOrStdout(), email, password) })
		},
	}
	c.Flags().StringVar(&email, "email", "", "address of the account")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password of a new account from the first line of the standard input")
	if err := c.MarkFlagRequired("email"); err != nil {
		panic(err) // the flag was made above
	}
	return c
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

// appoint tells what it did on out.
func (m *Module) appoint(ctx context.Context, out io.Writer, email, password string) error {
	done, err := m.service.MakeAdmin(ctx, email, password)
	if err != nil {
		return spelt(err)
	}
	_, err = fmt.Fprintln(out, told(done, password != ""))
	return err
}

// told is the outcome in words.
func told(done service.Appointment, password bool) string {
	who := done.User.Email + " (" + done.User.ID + ")"
	switch {
	case done.Generated != "":
		return "made " + who + " an administrator with a new account; password, shown this once: " + done.Generated
	case done.Created:
		return "made " + who + " an administrator with a new account"
	case done.Promoted && password:
		return "made " + who + " an administrator, from the next sign-in or refresh on; the account keeps its password"
	case done.Promoted:
		return "made " + who + " an administrator, from the next sign-in or refresh on"
	}
	return who + " is an administrator already; nothing changed"
}

// spelt puts the complaints about the input into the one line that is shown.
func spelt(err error) error {
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

package users

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"app/modules/users/internal/account"
	"app/platform/config"
	"app/platform/host"
)

// importCommand is `app users import`.
func (m *Module) importCommand(tool host.Tool) *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Take over accounts with their password hashes", Args: cobra.ExactArgs(1),
		Long: "Reads accounts from a CSV file whose first line names its fields, or from lines of JSON: email, password_hash, first_name, last_name, and\n" +
			"middle_name where there is one. A - reads the standard input. Hashes are bcrypt or argon2id; each is replaced when its owner signs in, and an\n" +
			"empty one makes an account without a password. Addresses count as verified. Every line is checked before the first account is made; an\n" +
			"address that has an account is left as it is, so the command may be repeated.",
		Example: "  app users import accounts.csv\n  app users import - < accounts.jsonl",
		RunE: func(c *cobra.Command, args []string) error {
			in, err := openImportFile(args[0], c.InOrStdin())
			if err != nil {
				return err
			}
			defer func() { _ = in.Close() }() // it was only read
			people, err := readAccounts(in)
			if err != nil {
				return summarizeImportErrors(err)
			}
			return tool.Run(c.Context(), func(ctx context.Context) error {
				made, there, err := m.subjects.Accounts.Import(ctx, people)
				if err != nil {
					return summarizeImportErrors(err)
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "made %d accounts; %d addresses have one already\n", made, there)
				return err
			})
		},
	}
}

func openImportFile(path string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(stdin), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return file, nil
}

// complaints bounds how many mistakes are shown.
const complaints = 20

// summarizeImportErrors shows mistakes one to a line.
func summarizeImportErrors(err error) error {
	all := config.Problems(err)
	text := fmt.Sprintf("nothing was imported; mistakes: %d", len(all))
	for i, problem := range all {
		if i == complaints {
			text += "\n  …"
			break
		}
		text += "\n  " + problem
	}
	return errors.New(text)
}

// readAccounts reads either format: lines of JSON begin with a brace.
func readAccounts(in io.Reader) ([]account.Imported, error) {
	buffered := bufio.NewReader(in)
	first, err := buffered.Peek(1)
	if err != nil {
		return nil, errors.New("there is nothing to import")
	}
	if first[0] == '{' {
		return readJSONLines(buffered)
	}
	return readCSV(buffered)
}

// importFields are the names of what is imported, and where it goes.
func importFields(i *account.Imported) map[string]*string {
	return map[string]*string{
		"email": &i.Email, "password_hash": &i.PasswordHash, "first_name": &i.FirstName, "middle_name": &i.MiddleName, "last_name": &i.LastName,
	}
}

func readCSV(in io.Reader) (out []account.Imported, err error) {
	r := csv.NewReader(in)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read CSV: %w", err)
	}
	header[0] = string(bytes.TrimPrefix([]byte(header[0]), []byte("\xef\xbb\xbf"))) // spreadsheets write one
	seen := map[string]bool{}
	for _, name := range header {
		if _, ok := importFields(&account.Imported{})[name]; !ok || seen[name] {
			return nil, &account.ImportError{Line: 1, Field: name, Text: "is not a field: there are email, password_hash, first_name, middle_name and last_name, each once"}
		}
		seen[name] = true
	}
	if !seen["email"] {
		return nil, &account.ImportError{Line: 1, Field: "email", Text: "is missing"}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read CSV: %w", err) // it names the line
		}
		line, _ := r.FieldPos(0)
		i := account.Imported{Line: line}
		for n, name := range header {
			*importFields(&i)[name] = row[n]
		}
		out = append(out, i)
	}
}

func readJSONLines(in io.Reader) (out []account.Imported, err error) {
	var errs []error
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		i := account.Imported{Line: n}
		var values map[string]any
		if err := json.Unmarshal(lines.Bytes(), &values); err != nil {
			errs = append(errs, &account.ImportError{Line: n, Text: "is not an object of JSON"})
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			text, ok := values[name].(string)
			into, known := importFields(&i)[name]
			switch {
			case !known:
				errs = append(errs, &account.ImportError{Line: n, Field: name, Text: "is not a field: there are email, password_hash, first_name, middle_name and last_name"})
			case !ok:
				errs = append(errs, &account.ImportError{Line: n, Field: name, Text: "must be text"})
			default:
				*into = text
			}
		}
		out = append(out, i)
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, fmt.Errorf("read lines: %w", err))
	}
	return out, errors.Join(errs...)
}

package users_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app/modules/users"
	"app/platform/config"
	"app/platform/host"
	"app/platform/lifecycle"
)

// command runs a command of the module's on a data folder and returns what it printed.
func command(t *testing.T, folder, stdin string, args ...string) (string, error) {
	t.Helper()
	m := users.New()
	tool := host.NewTool(host.Options{
		Modules: []lifecycle.Module{m}, Environment: config.Fixed(map[string]string{"DATA_DIR": folder, "LOG_LEVEL": "error"}), LogTo: t.Output(),
	}, "users")
	for _, c := range m.Commands(tool) {
		if c.Name() != args[0] {
			continue
		}
		var out bytes.Buffer
		c.SetArgs(args[1:])
		c.SetIn(strings.NewReader(stdin))
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceUsage, c.SilenceErrors = true, true
		err := c.ExecuteContext(context.Background())
		return out.String(), err
	}
	t.Fatalf("no command %s", args[0])
	return "", nil
}

const bcryptHash = "$2b$04$kBBP/96yLEtM4rG.ahrI.OwbwsGs/ZzOrQLkVC3S.8BbQV1ymhJ6u"

func TestImport(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "accounts.csv")
	text := "\ufeffemail,password_hash,last_name,first_name\nada@example.com," + bcryptHash + ",Lovelace,Ada\n\"bob@example.com\",,Builder,Bob\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"made 2 accounts; 0 addresses have one already\n", "made 0 accounts; 2 addresses have one already\n"} {
		if got, err := command(t, folder, "", "users", "import", file); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	lines := `{"email":"Bob@example.com","first_name":"Bob","last_name":"B"}` + "\n\n" + `{"email":"eve@example.com","password_hash":"` + bcryptHash + `","first_name":"Eve","middle_name":"X","last_name":"Y"}`
	if got, err := command(t, folder, lines, "users", "import", "-"); err != nil || got != "made 1 accounts; 1 addresses have one already\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestImportNamesLineAndField(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stdin string
		want  []string
	}{
		"Empty":        {"", []string{"there is nothing to import"}},
		"UnknownField": {"email,phone\n", []string{"line 1: phone is not a field"}},
		"TwiceAField":  {"email,email\n", []string{"line 1: email is not a field: there are"}},
		"NoAddress":    {"first_name\n", []string{"line 1: email is missing"}},
		"FewColumns":   {"email,first_name\nada@example.com\n", []string{"line 2", "wrong number of fields"}},
		"EveryMistake": {
			"email,password_hash,first_name,last_name\nada@example.com,secret,Ada,L\nx,,,L\nADA@example.com,$2b$04$short,Ada,<b>\n",
			[]string{"mistakes: 6\n", "line 2: password_hash must be a bcrypt hash", "line 3: email must be an e-mail address", "line 3: first_name must not be empty",
				"line 4: last_name must not contain", "line 4: password_hash is not a whole bcrypt hash", "line 4: email is the one of line 2"},
		},
		"Cost":    {"email,password_hash,first_name,last_name\na@example.com," + strings.Replace(bcryptHash, "$04$", "$31$", 1) + ",A,B\n", []string{"line 2: password_hash is a bcrypt hash of a cost above 14"}},
		"NotJSON": {"{\"email\":\"ada@example.com\"\n", []string{"line 1: is not an object of JSON"}},
		"JSON":    {`{"email":1,"admin":true}`, []string{"line 1: admin is not a field", "line 1: email must be text"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			got, err := command(t, folder, tc.stdin, "users", "import", "-")
			if err == nil {
				t.Fatalf("%q", got)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\n has no %q", err, want)
				}
			}
			if made, err := command(t, folder, "email,first_name,last_name\nada@example.com,A,L\n", "users", "import", "-"); err != nil || !strings.HasPrefix(made, "made 1 ") {
				t.Errorf("something was made: %q, %v", made, err)
			}
		})
	}
}

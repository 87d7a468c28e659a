package dbtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Account runs the script that makes a module's schema and account where the shop is
// deployed, on the server that MySQL uses, and gives the location of the schema. In the
// script @module@ stands for the name of both and @password@ for the account's
// password. Schema and account are dropped when the test ends. What MySQL says about
// missing servers holds here too.
func Account(t testing.TB, module, script string) string {
	t.Helper()
	server, err := server()
	requireServer(t, err)
	location, err := server.createAccount(t, module, script)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// createAccount gives the schema a name that no other test uses.
func (a administrator) createAccount(t testing.TB, module, script string) (string, error) {
	var random [6]byte
	_, _ = rand.Read(random[:])
	name, password := "t_"+hex.EncodeToString(random[:])+"_"+module, hex.EncodeToString(random[:])
	t.Cleanup(func() {
		_ = execStatements(a.db, []string{"DROP DATABASE IF EXISTS `" + name + "`", "DROP USER IF EXISTS '" + name + "'"})
	})
	script = strings.NewReplacer("@module@", name, "@password@", password).Replace(script)
	if err := execStatements(a.db, splitStatements(script)); err != nil {
		return "", fmt.Errorf("make the account of %s: %w", module, err)
	}
	location := a.location
	location.User, location.Path = url.UserPassword(name, password), "/"+name
	return location.String(), nil
}

// splitStatements takes a script apart: its comments fill whole lines, and no text in
// it has a semicolon.
func splitStatements(script string) (out []string) {
	var code strings.Builder
	for line := range strings.Lines(script) {
		if !strings.HasPrefix(line, "--") {
			code.WriteString(line)
		}
	}
	for statement := range strings.SplitSeq(code.String(), ";") {
		if statement = strings.TrimSpace(statement); statement != "" {
			out = append(out, statement)
		}
	}
	return out
}

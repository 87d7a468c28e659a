package cli

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"

	"app/platform/config"
	"app/platform/host/plan"
)

// accountSQL is deploy/mysql/account.sql without its comments: a test compares.
const accountSQL = "CREATE DATABASE IF NOT EXISTS `@module@` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n" +
	"CREATE USER IF NOT EXISTS '@module@'@'%' IDENTIFIED BY '@password@';\n" +
	"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, REFERENCES ON `@module@`.* TO '@module@'@'%';\n"

// printAccounts writes what an administrator of MySQL runs, so that each module has a
// schema and an account that reaches this schema only. Where a module's address names a
// schema and a user already, these are taken.
func printAccounts(out io.Writer, process *plan.Process) {
	_, _ = fmt.Fprint(out, "-- A schema for each module, and an account that reaches it and no other. The passwords are new, and nowhere else: write\n"+
		"-- the addresses down. An account that is there already keeps its password.\n")
	for _, m := range process.Modules {
		if !m.Hosted || m.Database == "" {
			continue
		}
		schema, user, server := m.Name, m.Name, "HOST:3306"
		if u, err := url.Parse(m.Database); err == nil && u.Scheme == "mysql" {
			schema, user, server = strings.Trim(u.Path, "/"), cmp.Or(u.User.Username(), user), u.Host
		}
		password := newPassword()
		address := url.URL{Scheme: "mysql", User: url.UserPassword(user, password), Host: server, Path: "/" + schema, RawQuery: "tls=preferred"}
		_, _ = fmt.Fprintf(out, "\n-- %s=%s\n%s", config.ModuleVariable(m.Name, "DATABASE_URL"), &address, accountOf(schema, user, password))
	}
}

func accountOf(schema, user, password string) string {
	return strings.NewReplacer("`@module@`", quoteIdentifier('`', schema), "'@module@'", quoteIdentifier('\'', user), "@password@", password).Replace(accountSQL)
}

// quoteIdentifier puts a name of the operator's into quotation marks, doubling those
// inside.
func quoteIdentifier(mark rune, name string) string {
	q := string(mark)
	return q + strings.ReplaceAll(name, q, q+q) + q
}

// newPassword has 256 bits, in characters that mean nothing to a URL or to SQL.
func newPassword() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

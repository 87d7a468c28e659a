// Package compose writes the files of the deployment that follow from what the modules
// declare: the last part of compose.yaml, compose.database-per-server.yaml, and what the
// broker imports. `make compose` calls it, and tests of ./modules compare.
package compose

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Where the files are, from the root of the repository.
const (
	ServicesFile  = "compose.yaml"
	PerServerFile = "compose.database-per-server.yaml"
	BrokerFile    = "deploy/rabbitmq/definitions.json"
)

// Write brings the files below root up to date and returns the paths of those that it
// changed. plan is what `app plan --compose` prints and broker what `app plan --broker`
// does.
func Write(root string, plan, broker []byte) (changed []string, err error) {
	for _, file := range []struct {
		path   string
		update func(current []byte) ([]byte, error)
	}{
		{ServicesFile, func(current []byte) ([]byte, error) { return Services(current, plan) }},
		{PerServerFile, func(current []byte) ([]byte, error) { return PerServer(current, plan) }},
		{BrokerFile, func([]byte) ([]byte, error) { return broker, nil }},
	} {
		path := filepath.Join(root, filepath.FromSlash(file.path))
		current, err := os.ReadFile(path)
		if err != nil {
			return changed, fmt.Errorf("read what is there: %w", err)
		}
		updated, err := file.update(current)
		if err != nil {
			return changed, fmt.Errorf("%s: %w", file.path, err)
		}
		if bytes.Equal(current, updated) {
			continue
		}
		if err := os.WriteFile(path, updated, 0o600); err != nil { // which keeps the mode of a file that is there
			return changed, fmt.Errorf("write what follows: %w", err)
		}
		changed = append(changed, file.path)
	}
	return changed, nil
}

// Services is compose.yaml with the plan in place of its last part, which begins with
// the first line of the plan.
func Services(current, plan []byte) ([]byte, error) {
	first, _, _ := bytes.Cut(plan, []byte("\n"))
	head, _, found := bytes.Cut(current, append(append([]byte("\n"), first...), '\n'))
	if len(first) == 0 || !found {
		return nil, fmt.Errorf("no line %q, with which the plan begins", first)
	}
	return append(append(bytes.Clone(head), '\n'), plan...), nil
}

// serversBegin is the line of compose.database-per-server.yaml above the servers: what
// follows it is written here.
const serversBegin = "  mysql: !reset null\n\n"

// databaseOwner finds the modules with a database in the plan, by their secrets.
var databaseOwner = regexp.MustCompile(`(?m)^  ([a-z0-9]+)_database_url: `)

// PerServer is compose.database-per-server.yaml with a server for each module of the
// plan that has a database.
func PerServer(current, plan []byte) ([]byte, error) {
	head, _, found := strings.Cut(string(current), serversBegin)
	if !found {
		return nil, fmt.Errorf("no line %q", strings.TrimSpace(serversBegin))
	}
	var owners []string
	for _, match := range databaseOwner.FindAllSubmatch(plan, -1) {
		owners = append(owners, string(match[1]))
	}
	if len(owners) == 0 {
		return nil, errors.New("the plan has no module with a database")
	}
	var out strings.Builder
	out.WriteString(head + serversBegin)
	for _, name := range owners {
		broker := bytes.Contains(plan, []byte("\n  "+name+"_broker_url: "))
		writeServer(&out, name, broker)
	}
	writeTail(&out, owners)
	return []byte(out.String()), nil
}

// writeServer writes a module's server, and that the module waits for it. Events wait
// for the broker, so that it need not be healthy.
func writeServer(out *strings.Builder, name string, broker bool) {
	first := ""
	if broker {
		first = "rabbitmq: {condition: service_started}, "
	}
	fmt.Fprintf(out, `  mysql-%[1]s:
    <<: *server
    volumes: [mysql-%[1]s:/var/lib/mysql, ./deploy/secrets/mysql/%[1]s.sql:/docker-entrypoint-initdb.d/%[1]s.sql:ro]
  %[1]s:
    depends_on: !override {%[2]smysql-%[1]s: {condition: service_healthy}}

`, name, first)
}

// writeTail writes what the container of all modules waits for, the volumes and the
// secrets.
func writeTail(out *strings.Builder, owners []string) {
	out.WriteString("  monolith:\n    depends_on: !override\n      rabbitmq: {condition: service_started}\n")
	for _, name := range owners {
		fmt.Fprintf(out, "      mysql-%s: {condition: service_healthy}\n", name)
	}
	out.WriteString("\nvolumes:\n  mysql: !reset null\n")
	for _, name := range owners {
		fmt.Fprintf(out, "  mysql-%s: {}\n", name)
	}
	out.WriteString("\nsecrets:\n")
	for _, name := range owners {
		fmt.Fprintf(out, "  %[1]s_database_url: {file: deploy/secrets/own/%[1]s_database_url}\n", name)
	}
}

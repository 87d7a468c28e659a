package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"app/platform/config"
	"app/platform/host/plan"
)

// In containers every module listens at the same port, and is found by its own name.
const (
	composePort    = "8080"
	composeSecrets = "/run/secrets/"
	internalSecret = "internal_key"
	rootSecret     = "mysql_root_password"
)

// container is what a service of compose.yaml needs of the rest.
type container struct {
	name, serve string
	settings    []config.Variable // what configures its module; the container with all of them names those of the others
	configured  []string          // the others that have settings
	secrets     []string          // of the settings
	databases   []string          // modules whose databases it opens
	broker      bool              // it emits or subscribes to events
	outbound    bool              // it may ask servers that are not the shop's
	public      string            // port of this machine that leads to it; empty for none
}

// printCompose writes the part of compose.yaml that follows from what the modules
// declare: a service for each module that needs a process, the one with all of them,
// and the secrets with their databases' addresses. What the services have in common,
// and the servers, are above it in compose.yaml.
func printCompose(out io.Writer, process *plan.Process) {
	monolith := container{name: plan.BrokerMonolith, serve: "--all", broker: true, public: "${SOUK_MONOLITH_PORT:-8081}"}
	var brokers []string
	for _, m := range process.Modules {
		if !needsProcess(process, m) {
			continue
		}
		c := containerOf(m)
		if c.broker {
			brokers = append(brokers, brokerSecret(c.name))
		}
		monolith.databases = append(monolith.databases, c.databases...)
		monolith.secrets = append(monolith.secrets, c.secrets...)
		if len(c.settings) > 0 {
			monolith.configured = append(monolith.configured, c.name)
		}
		c.printHead(out)
		for _, other := range process.Modules {
			if sendsRequestsTo(m, other) {
				_, _ = fmt.Fprintf(out, "      %s: http://%s:%s\n", config.ModuleVariable(other.Name, "URL"), other.Name, composePort)
			}
		}
		c.printTail(out)
		_, _ = fmt.Fprintln(out)
	}
	monolith.printHead(out)
	_, _ = fmt.Fprintf(out, "      PUBLIC_URL: ${PUBLIC_URL:-http://127.0.0.1:%s}\n", monolith.public)
	monolith.printTail(out)
	_, _ = fmt.Fprint(out, "    profiles: [monolith]\n\n")
	brokers = append(brokers, brokerSecret(monolith.name))
	printSecrets(out, slices.Concat(brokers, databaseSecrets(monolith.databases), monolith.secrets))
}

// needsProcess reports whether there is anything for a module to serve; some only have
// commands.
func needsProcess(process *plan.Process, m plan.Module) bool {
	called := slices.ContainsFunc(process.Modules, func(other plan.Module) bool { return slices.Contains(calledModules(other), m.Name) })
	return called || m.Gateway || m.Database != "" || len(m.Operations)+len(m.Subscriptions)+len(m.Emits) > 0
}

// sendsRequestsTo reports whether a module calls another, or passes requests on to it.
// Events go by way of the broker.
func sendsRequestsTo(m, other plan.Module) bool {
	return m.Name != other.Name && (slices.Contains(calledModules(m), other.Name) || m.Gateway && len(other.Operations) > 0)
}

func containerOf(m plan.Module) container {
	c := container{name: m.Name, serve: "--module=" + m.Name, settings: m.Variables, broker: len(m.Subscriptions)+len(m.Emits) > 0, outbound: m.Outside != ""}
	for _, v := range m.Variables {
		if v.Secret {
			c.secrets = append(c.secrets, strings.ToLower(v.Name))
		}
	}
	if m.Database != "" {
		c.databases = []string{m.Name}
	}
	if m.Gateway {
		c.public = "${SOUK_PORT:-8080}"
	}
	return c
}

// printHead writes a service up to its environment, which may be continued.
func (c container) printHead(out io.Writer) {
	_, _ = fmt.Fprintf(out, "  %s:\n    <<: *module\n    command: [serve, %s]\n    environment:\n", c.name, c.serve)
	c.printSettings(out)
	if c.broker {
		_, _ = fmt.Fprintf(out, "      BROKER_URL_FILE: %s\n", composeSecrets+brokerSecret(c.name))
	}
	for _, owner := range c.databases {
		_, _ = fmt.Fprintf(out, "      %s_FILE: %s\n", config.ModuleVariable(owner, "DATABASE_URL"), composeSecrets+databaseSecret(owner))
	}
}

// printSettings passes on what is set in the environment or in .env; nothing counts as
// not set. A secret is in a file, which may be empty.
func (c container) printSettings(out io.Writer) {
	if len(c.configured) > 0 {
		_, _ = fmt.Fprintf(out, "      <<: [*environment, *%s]\n", strings.Join(c.configured, ", *"))
		return
	}
	if len(c.settings) == 0 {
		_, _ = fmt.Fprint(out, "      <<: *environment\n")
		return
	}
	_, _ = fmt.Fprintf(out, "      <<:\n        - *environment\n        - &%s\n", c.name)
	for _, v := range c.settings {
		if v.Secret {
			_, _ = fmt.Fprintf(out, "          %s_FILE: %s%s\n", v.Name, composeSecrets, strings.ToLower(v.Name))
		} else {
			_, _ = fmt.Fprintf(out, "          %s: ${%[1]s:-}\n", v.Name)
		}
	}
}

// printTail writes the rest of a service. Only this machine gets in where a port is
// published, and nobody else.
func (c container) printTail(out io.Writer) {
	secrets, needs := []string{internalSecret}, []string{}
	if c.broker { // without it events wait, so it need not be healthy
		secrets, needs = append(secrets, brokerSecret(c.name)), append(needs, "rabbitmq: {condition: service_started}")
	}
	if len(c.databases) > 0 {
		needs = append(needs, "mysql: {condition: service_healthy}")
	}
	secrets = append(append(secrets, databaseSecrets(c.databases)...), c.secrets...)
	_, _ = fmt.Fprintf(out, "    secrets: [%s]\n", strings.Join(secrets, ", "))
	if len(needs) > 0 {
		_, _ = fmt.Fprintf(out, "    depends_on: {%s}\n", strings.Join(needs, ", "))
	}
	switch {
	case c.public != "": // which is a way out as well
		_, _ = fmt.Fprint(out, "    networks: [inside, outside]\n")
	case c.outbound:
		_, _ = fmt.Fprint(out, "    networks: [inside, outbound]\n")
	}
	if c.public != "" {
		_, _ = fmt.Fprintf(out, "    ports: [\"127.0.0.1:%s:%s\"]\n", c.public, composePort)
	}
}

func printSecrets(out io.Writer, further []string) {
	_, _ = fmt.Fprintln(out, "secrets:")
	for _, name := range append([]string{internalSecret, rootSecret}, further...) {
		_, _ = fmt.Fprintf(out, "  %s: {file: deploy/secrets/%[1]s}\n", name)
	}
}

func databaseSecrets(modules []string) []string {
	out := make([]string, 0, len(modules))
	for _, owner := range modules {
		out = append(out, databaseSecret(owner))
	}
	return out
}

func databaseSecret(module string) string { return module + "_database_url" }

// brokerSecret has the address at which a container, with the account of its name,
// reaches the broker.
func brokerSecret(container string) string { return container + "_broker_url" }

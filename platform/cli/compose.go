package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"app/platform/config"
	"app/platform/host"
)

// In containers every module listens at the same port, and is found by its own name.
const (
	composePort    = "8080"
	composeSecrets = "/run/secrets/"
	internalSecret = "internal_key"
	rootSecret     = "mysql_root_password"
)

// printCompose writes the part of compose.yaml that follows from what the modules declare: a service for each module
// that needs a process, the one with all of them, and the secrets with their databases' addresses. What the services have
// in common, and the servers, are above it in compose.yaml.
func printCompose(out io.Writer, plan *host.Plan) {
	var databases []string
	var gateway string
	for _, m := range plan.Modules {
		if !needsProcess(plan, m) {
			continue
		}
		printService(out, plan, m)
		if m.Database != "" {
			databases = append(databases, m.Name)
		}
		if m.Gateway {
			gateway = m.Name
		}
	}
	if gateway != "" {
		printMonolith(out, databases)
	}
	printSecrets(out, databases)
}

func printSecrets(out io.Writer, databases []string) {
	_, _ = fmt.Fprintln(out, "secrets:")
	for _, name := range append([]string{internalSecret, rootSecret}, databaseSecrets(databases)...) {
		_, _ = fmt.Fprintf(out, "  %s: {file: deploy/secrets/%[1]s}\n", name)
	}
}

// needsProcess tells whether there is anything for a module to serve; some only have commands.
func needsProcess(plan *host.Plan, m host.ModulePlan) bool {
	called := slices.ContainsFunc(plan.Modules, func(other host.ModulePlan) bool { return slices.Contains(called(other), m.Name) })
	return called || m.Gateway || m.Database != "" || len(m.Operations)+len(m.Hears)+len(m.Emits) > 0
}

func printService(out io.Writer, plan *host.Plan, m host.ModulePlan) {
	var databases []string
	if m.Database != "" {
		databases = []string{m.Name}
	}
	printHead(out, m.Name, "--module="+m.Name, databases)
	for _, other := range plan.Modules {
		if reaches(m, other) {
			_, _ = fmt.Fprintf(out, "      %s: http://%s:%s\n", config.ModuleVariable(other.Name, "URL"), other.Name, composePort)
		}
	}
	printTail(out, databases)
	if m.Gateway {
		printPublic(out, "${SOUK_PORT:-8080}")
	}
	_, _ = fmt.Fprintln(out)
}

// printMonolith writes the service that hosts every module, on the same databases, for who asks for it.
func printMonolith(out io.Writer, databases []string) {
	printHead(out, "monolith", "--all", databases)
	_, _ = fmt.Fprintln(out, "      PUBLIC_URL: ${PUBLIC_URL:-http://127.0.0.1:${SOUK_MONOLITH_PORT:-8081}}")
	printTail(out, databases)
	printPublic(out, "${SOUK_MONOLITH_PORT:-8081}")
	_, _ = fmt.Fprint(out, "    profiles: [monolith]\n\n")
}

func printHead(out io.Writer, name, serve string, databases []string) {
	_, _ = fmt.Fprintf(out, "  %s:\n    <<: *module\n    command: [serve, %s]\n    environment:\n      <<: *environment\n", name, serve)
	for _, owner := range databases {
		_, _ = fmt.Fprintf(out, "      %s_FILE: %s\n", config.ModuleVariable(owner, "DATABASE_URL"), composeSecrets+databaseSecret(owner))
	}
}

func printTail(out io.Writer, databases []string) {
	secrets := append([]string{internalSecret}, databaseSecrets(databases)...)
	_, _ = fmt.Fprintf(out, "    secrets: [%s]\n", strings.Join(secrets, ", "))
	if len(databases) > 0 {
		_, _ = fmt.Fprintln(out, "    depends_on: {mysql: {condition: service_healthy}}")
	}
}

// printPublic lets this machine in, and nobody else.
func printPublic(out io.Writer, port string) {
	_, _ = fmt.Fprintf(out, "    networks: [inside, outside]\n    ports: [\"127.0.0.1:%s:%s\"]\n", port, composePort)
}

func databaseSecret(module string) string { return module + "_database_url" }

func databaseSecrets(modules []string) []string {
	out := make([]string, len(modules))
	for i, module := range modules {
		out[i] = databaseSecret(module)
	}
	return out
}

// reaches tells whether a module sends anything to another: calls, events, or requests that came through the gateway.
func reaches(m, other host.ModulePlan) bool {
	if m.Name == other.Name {
		return false
	}
	hears := slices.ContainsFunc(other.Hears, func(h host.Hearing) bool { return h.From == m.Name })
	return hears || slices.Contains(called(m), other.Name) || m.Gateway && len(other.Operations) > 0
}

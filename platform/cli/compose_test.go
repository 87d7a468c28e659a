package cli_test

import (
	"strings"
	"testing"
)

func TestPlanAsCompose(t *testing.T) {
	t.Parallel()
	code, out, stderr := run(t, nil, "plan", "--compose")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	for name, want := range map[string]string{
		"a module gets its database, the broker and whom it calls": `  shop:
    <<: *module
    command: [serve, --module=shop]
    environment:
      <<: *environment
      BROKER_URL_FILE: /run/secrets/shop_broker_url
      SHOP_DATABASE_URL_FILE: /run/secrets/shop_database_url
      BANK_URL: http://bank:8080
    secrets: [internal_key, shop_broker_url, shop_database_url]
    depends_on: {rabbitmq: {condition: service_started}, mysql: {condition: service_healthy}}
`,
		"its settings are passed on, and secrets are in files; it asks others": `  bank:
    <<: *module
    command: [serve, --module=bank]
    environment:
      <<:
        - *environment
        - &bank
          BANK_INTEREST: ${BANK_INTEREST:-}
          BANK_LIMIT: ${BANK_LIMIT:-}
          BANK_VAULT_FILE: /run/secrets/bank_vault
      BROKER_URL_FILE: /run/secrets/bank_broker_url
      BANK_DATABASE_URL_FILE: /run/secrets/bank_database_url
    secrets: [internal_key, bank_broker_url, bank_database_url, bank_vault]
    depends_on: {rabbitmq: {condition: service_started}, mysql: {condition: service_healthy}}
    networks: [inside, outbound]
`,
		"one container has all settings": `    command: [serve, --all]
    environment:
      <<: [*environment, *bank]
`,
		"and a file for each secret among them": "\n  bank_vault: {file: deploy/secrets/bank_vault}\n",
		"only the gateway is published": `    secrets: [internal_key]
    networks: [inside, outside]
    ports: ["127.0.0.1:${SOUK_PORT:-8080}:8080"]

  monolith:
`,
		"a secret for each database": "\n  shop_database_url: {file: deploy/secrets/shop_database_url}\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s:\n%s\nnot in\n%s", name, want, out)
		}
	}
	if n := strings.Count(out, "ports:"); n != 2 { // the gateway and the monolith
		t.Errorf("%d services are published", n)
	}
	if code, _, stderr := run(t, nil, "plan", "--compose", "--all"); code != 2 {
		t.Errorf("with a selection: exit code %d, %s", code, stderr)
	}
}

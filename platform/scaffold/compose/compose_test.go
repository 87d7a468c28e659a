package compose_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/scaffold/compose"
)

const plan = `  shop:
    <<: *module
    secrets: [internal_key, shop_broker_url, shop_database_url]

  bank:
    <<: *module
    secrets: [internal_key, bank_database_url]

secrets:
  internal_key: {file: deploy/secrets/internal_key}
  shop_broker_url: {file: deploy/secrets/shop_broker_url}
  shop_database_url: {file: deploy/secrets/shop_database_url}
  bank_database_url: {file: deploy/secrets/bank_database_url}
`

const perServer = `x-server: &server
  image: mysql

services:
  mysql: !reset null

  mysql-shop:
    <<: *server
    volumes: [mysql-shop:/var/lib/mysql, ./deploy/secrets/mysql/shop.sql:/docker-entrypoint-initdb.d/shop.sql:ro]
  shop:
    depends_on: !override {rabbitmq: {condition: service_started}, mysql-shop: {condition: service_healthy}}

  mysql-bank:
    <<: *server
    volumes: [mysql-bank:/var/lib/mysql, ./deploy/secrets/mysql/bank.sql:/docker-entrypoint-initdb.d/bank.sql:ro]
  bank:
    depends_on: !override {mysql-bank: {condition: service_healthy}}

  monolith:
    depends_on: !override
      rabbitmq: {condition: service_started}
      mysql-shop: {condition: service_healthy}
      mysql-bank: {condition: service_healthy}

volumes:
  mysql: !reset null
  mysql-shop: {}
  mysql-bank: {}

secrets:
  shop_database_url: {file: deploy/secrets/own/shop_database_url}
  bank_database_url: {file: deploy/secrets/own/bank_database_url}
`

// deployment is a folder with the three files as they were before bank was added.
func deployment(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	errs := []error{os.MkdirAll(filepath.Join(root, "deploy", "rabbitmq"), 0o700)}
	for path, text := range map[string]string{
		compose.ServicesFile:  "services:\n  mysql: {}\n\n  shop:\n    image: old\n",
		compose.PerServerFile: "x-server: &server\n  image: mysql\n\nservices:\n  mysql: !reset null\n\n  mysql-old: {}\n",
		compose.BrokerFile:    "{}\n",
	} {
		errs = append(errs, os.WriteFile(filepath.Join(root, path), []byte(text), 0o600))
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestWrite(t *testing.T) {
	t.Parallel()
	root := deployment(t)
	changed, err := compose.Write(root, []byte(plan), []byte(`{"users": []}`))
	if diff := cmp.Diff([]string{compose.ServicesFile, compose.PerServerFile, compose.BrokerFile}, changed); err != nil || diff != "" {
		t.Fatalf("err %v, changed (-want +got):\n%s", err, diff)
	}
	for path, want := range map[string]string{
		compose.ServicesFile:  "services:\n  mysql: {}\n\n" + plan,
		compose.PerServerFile: perServer,
		compose.BrokerFile:    `{"users": []}`,
	} {
		got, err := os.ReadFile(filepath.Join(root, path))
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: err %v (-want +got):\n%s", path, err, diff)
		}
	}
	t.Run("a second time changes nothing", func(t *testing.T) {
		if changed, err := compose.Write(root, []byte(plan), []byte(`{"users": []}`)); err != nil || changed != nil {
			t.Errorf("changed %v, %v", changed, err)
		}
	})
}

func TestFilesThatAreNotTheirs(t *testing.T) {
	t.Parallel()
	if got, err := compose.Services([]byte("services: {}\n"), []byte(plan)); err == nil {
		t.Errorf("compose.yaml without the first service: %q", got)
	}
	if got, err := compose.PerServer([]byte("services: {}\n"), []byte(plan)); err == nil {
		t.Errorf("the other file without its servers: %q", got)
	}
	if got, err := compose.PerServer([]byte(perServer), []byte("  shop:\n")); err == nil {
		t.Errorf("a plan without databases: %q", got)
	}
}

#!/usr/bin/env bash
# Runs the end-to-end scenarios against containers of their own, and removes them and their data. `make test-compose`
# builds the image first. Extra arguments go to `go test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export COMPOSE_PROJECT_NAME="souk-test-$$"
export RATE_LIMIT=off PUBLIC_URL=http://127.0.0.1:8080
compose() { docker compose --progress=quiet -f compose.yaml -f deploy/compose.test.yaml "$@"; }

finish() {
  local status=$?
  trap - EXIT
  [ $status -eq 0 ] || compose logs --no-color --tail=100 || true
  compose down -v --timeout 5 || true
  exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

deploy/secrets.sh
began=$SECONDS
compose up -d --no-build --wait --wait-timeout 120
echo "healthy after $((SECONDS - began)) s"

SOUK_COMPOSE="http://$(compose port gateway 8080)" \
SOUK_COMPOSE_MYSQL="$(compose port mysql 3306)" \
SOUK_COMPOSE_CATALOG="http://$(compose port catalog 8080)" \
  go test -tags=compose -count=1 -run '^TestCompose$' "$@" ./e2e

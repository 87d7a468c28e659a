#!/usr/bin/env bash
# Runs the end-to-end scenarios against containers of their own, and removes them and their data. `make test-compose`
# builds the image first. Extra arguments go to `go test`, as in: deploy/test.sh -run=/upgrade
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A name and ports of its own, so that it runs beside a shop that is up, and beside itself.
project="${COMPOSE_PROJECT_NAME:-souk-test-$$}"
taken=" "
free_port() { # variable: below the ports that the system gives to connections on their way out
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    if [[ $taken != *" $port "* ]] && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  done
  taken+="$port "
  export "$1=$port"
}
free_port SOUK_PORT
free_port SOUK_MONOLITH_PORT
free_port SOUK_TEST_MYSQL_PORT
export SOUK_IMAGE="${SOUK_IMAGE:-souk}" RATE_LIMIT=off DEV_PAGES=on PAYMENTS_TEST=on MERCHANTS_AUTO_APPROVE=on USERS_FACTOR_REQUIRED=off EMAILS_RECIPIENT_RATE=1000000 COMPOSE_PROGRESS=quiet
export SOUK_COMPOSE="http://127.0.0.1:$SOUK_PORT" SOUK_COMPOSE_MONOLITH="http://127.0.0.1:$SOUK_MONOLITH_PORT"
export SOUK_COMPOSE_MYSQL="127.0.0.1:$SOUK_TEST_MYSQL_PORT"

compose() { docker compose --profile '*' "$@"; }

finish() {
  local status=$?
  trap - EXIT
  [ $status -eq 0 ] || compose logs --no-color --tail=60 || true
  compose down -v --remove-orphans --timeout 5 || true
  docker image rm -f "$SOUK_IMAGE-next" "$SOUK_IMAGE-build" >/dev/null 2>&1 || true
  exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

up() { # name, files, seconds it may take
  export COMPOSE_PROJECT_NAME="$1" COMPOSE_FILE="$2"
  local began=$SECONDS
  docker compose up -d --no-build --wait --wait-timeout "$3"
  echo "$2: healthy after $((SECONDS - began)) s"
}

deploy/secrets.sh
# The stage that the image was built in, from the cache: a test builds the release after this one there.
make image IMAGE="$SOUK_IMAGE-build" TARGET=build >/dev/null
up "$project" compose.yaml:deploy/compose.test.yaml 60
go test -tags=compose -count=1 -timeout=20m -run='^TestCompose$' "$@" ./e2e
compose down -v --remove-orphans --timeout 5

up "$project-own" compose.yaml:compose.database-per-server.yaml 180
go test -tags=compose -count=1 -timeout=20m -run='^TestComposeDatabasePerServer$' ./e2e

#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, random ones, in deploy/secrets (not in git). Keeps those that are there, so
# it may run again, as after a module was added. For development: in production let your own store write these files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=deploy/secrets
# The folder lets nobody but its owner in. The files can be read by the users inside of the containers, where each
# container gets only its own.
install -d -m 700 "$folder"
install -d -m 755 "$folder/mysql" "$folder/own"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# keep writes a file from its standard input unless it is there.
keep() { # name
  if [ -s "$folder/$1" ]; then cat >/dev/null && return; fi # a writer that nobody reads would fail
  cat >"$folder/$1.new"
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

random | keep internal_key
random | keep mysql_root_password

# The modules with a database are those that compose.yaml has a secret for.
for module in $(sed -n 's/^  \([a-z]*\)_database_url:.*/\1/p' compose.yaml); do
  [ -s "$folder/${module}_database_url" ] || rm -f "$folder/mysql/$module.sql" "$folder/own/${module}_database_url"
  password=$(random)
  sed "s/@module@/$module/g; s/@password@/$password/g" deploy/mysql/account.sql | keep "mysql/$module.sql"
  password=$(sed -n "s/^CREATE USER .* IDENTIFIED BY '\(.*\)';/\1/p" "$folder/mysql/$module.sql")
  # Preferred: encrypted where the server offers it.
  echo "mysql://$module:$password@mysql:3306/$module?tls=preferred" | keep "${module}_database_url"
  echo "mysql://$module:$password@mysql-$module:3306/$module?tls=preferred" | keep "own/${module}_database_url"
done

# RabbitMQ reads its first user from the environment only.
[ -s "$folder/broker_url" ] || rm -f "$folder/rabbitmq.env"
printf 'RABBITMQ_DEFAULT_USER=souk\nRABBITMQ_DEFAULT_PASS=%s\n' "$(random)" | keep rabbitmq.env
echo "amqp://souk:$(sed -n 's/^RABBITMQ_DEFAULT_PASS=//p' "$folder/rabbitmq.env")@rabbitmq:5672/" | keep broker_url

# The rest is up to the operator, and nothing until then: a file that is empty counts as not set.
for name in $(sed -n 's|^  [a-z_]*: {file: deploy/secrets/\([a-z_]*\)}$|\1|p' compose.yaml); do
  [ -e "$folder/$name" ] || install -m 644 /dev/null "$folder/$name"
done

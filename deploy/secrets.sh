#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, random ones, in deploy/secrets (not in git). Keeps those that are there, so
# it may run again, as after a module was added. For development: in production let your own store write these files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=deploy/secrets
# The folder lets nobody but its owner in. The files can be read by the users inside of the containers, where each
# container gets only its own.
install -d -m 700 "$folder"
install -d -m 755 "$folder/mysql" "$folder/own" "$folder/rabbitmq"

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

# RabbitMQ's administrator, whom no module uses: its name and password stay in this folder.
printf 'RABBITMQ_DEFAULT_USER=souk\nRABBITMQ_DEFAULT_PASS=%s\n' "$(random)" | keep rabbitmq.env

bytes() { sed 's/../\\x&/g' <<<"$1"; } # hexadecimal digits as printf takes them
# hashed writes a password as RabbitMQ keeps it: the base64 of a salt and the SHA-256 of salt and password.
hashed() {
  local salt digest
  salt=$(random | cut -c1-8)
  digest=$(printf "$(bytes "$salt")%s" "$1" | sha256sum | cut -c1-64)
  printf "$(bytes "$salt$digest")" | base64
}

# The accounts are those that definitions.json has, one for each module that tells or hears. The file is made anew each time,
# with the passwords that are there, because a release may have added to it.
definitions=$(<deploy/rabbitmq/definitions.json)
for account in $(sed -n 's/.*"@\([a-z]*\)_hash@".*/\1/p' deploy/rabbitmq/definitions.json); do
  if [ "$account" = souk ]; then
    password=$(sed -n 's/^RABBITMQ_DEFAULT_PASS=//p' "$folder/rabbitmq.env")
  else
    echo "amqp://$account:$(random)@rabbitmq:5672/" | keep "${account}_broker_url"
    password=$(sed -n 's|^amqp://[a-z]*:\(.*\)@.*|\1|p' "$folder/${account}_broker_url")
  fi
  definitions=${definitions//"@${account}_hash@"/$(hashed "$password")}
done
rm -f "$folder/rabbitmq/definitions.json"
keep rabbitmq/definitions.json <<<"$definitions"

# The rest is up to the operator, and nothing until then: a file that is empty counts as not set.
for name in $(sed -n 's|^  [a-z_]*: {file: deploy/secrets/\([a-z_]*\)}$|\1|p' compose.yaml); do
  [ -e "$folder/$name" ] || install -m 644 /dev/null "$folder/$name"
done

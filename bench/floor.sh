#!/bin/bash
# What `make up` does, by hand: two hosts, wait for their first boot, make the user, log in from the client.
# Usage: floor.sh PYTHON KEY LAB <PASSWORD. The floor that bench/up.py measures the program against.
set -euo pipefail
python=$1 key=$2 lab=$3
read -r password

on() {
  ssh -q -i "$key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=2 \
    -o BatchMode=yes "ubuntu@$1" "$2"
}

ready() {
  for _ in $(seq 240); do
    if on "$1" true </dev/null; then break; fi
    sleep 0.5
  done
  on "$1" 'cloud-init status --wait' </dev/null >/dev/null
}

read -r server client private < <("$python" -m bench.floor_hosts "$lab")
ready "$server" &
first=$!
ready "$client" &
second=$!
wait "$first"
wait "$second"
on "$server" 'timeout 120 sh -c "until echo do 0 | sudo mysql >/dev/null 2>&1; do sleep 0.5; done"
  sudo mysql -BNe "select version()"' </dev/null
on "$server" 'sudo mysql' <<SQL
create database if not exists app;
create user if not exists 'app'@'10.0.0.0/8' identified by '$password';
grant all on app.* to 'app'@'10.0.0.0/8';
SQL
on "$client" 'mysql --defaults-extra-file=/dev/stdin --ssl-mode=REQUIRED -e "show databases"' <<CNF
[client]
host=$private
user=app
password="$password"
CNF

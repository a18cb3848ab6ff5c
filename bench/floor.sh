#!/bin/bash
# What `make up` does, by hand: two hosts, wait for their first boot, converge them, make the user, log in from the client.
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
folder=$(dirname "$key") agent=/usr/local/lib/mysql-pair/floor
install=$(printf %q "$(cat scripts/host/first_boot/install.py)")
on "$server" "sudo python3 -c $install $agent" <"$folder/server-agent.json"
on "$client" "sudo python3 -c $install $agent" <"$folder/client-agent.json"
on "$server" "sudo python3 $agent converge" <"$folder/server.json"
authority=$(on "$server" "sudo python3 $agent certify" <"$folder/identity.json")
"$python" -c 'import json, sys; said, path = sys.argv[1:]; text = json.dumps(json.loads(said)["ca_certificate"])
print(open(path).read().replace("\"AUTHORITY\"", text))' "$authority" "$folder/client.json" |
  on "$client" "sudo python3 $agent converge"
on "$server" 'sudo mysql' <<SQL
create database if not exists app;
create user if not exists 'app'@'10.0.0.0/8' identified by '$password';
grant all on app.* to 'app'@'10.0.0.0/8';
SQL
on "$client" 'mysql --defaults-extra-file=/dev/stdin -e "show databases"' <<CNF
[client]
host=$private
user=app
password="$password"
CNF

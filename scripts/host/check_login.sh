#!/bin/bash
# Log in to MySQL and list the databases; say in words which layer refused.
# Usage: check_login.sh DATABASE <OPTION_FILE: host, port, user and password on standard input.
set -uo pipefail

explain() {
  case $1 in
    *'ERROR 2005 '*) echo "name: the server's name is not known on this host" ;;
    *'ERROR 2003 '*'(110)'* | *'ERROR 2003 '*'(4)'* | *'ERROR 2002 '*'(115)'* | *'ERROR 2003 '*'(115)'*)
      echo "network: no answer at all; a security group, a route or a stopped instance" ;;
    *'ERROR 2003 '*'(111)'*) echo "service: the host answers, but no MySQL listens there" ;;
    *'ERROR 2003 '*) echo "network: the server cannot be reached" ;;
    *'ERROR 2013 '*) echo "service: MySQL accepted the connection and did not go on" ;;
    *'ERROR 2026 '*) echo "TLS: no encrypted connection could be agreed on" ;;
    *'ERROR 1130 '*) echo "host part: no user may log in from this host's address" ;;
    *'ERROR 1045 '*) echo "login: user, host part or password is refused" ;;
    *'ERROR 1044 '* | *'ERROR 1049 '*) echo "privileges: logged in, but the database is out of reach" ;;
    *) echo "MySQL refused" ;;
  esac
}

main() {
  local database=$1 output errors code
  errors=$(mktemp)
  output=$(mysql --defaults-extra-file=/dev/stdin --protocol=tcp --ssl-mode=REQUIRED --connect-timeout=15 \
    --batch --skip-column-names --execute='show databases' 2>"$errors")
  code=$?
  if ((code != 0)); then
    echo "login check from $(hostname) failed at $(explain "$(<"$errors")")" >&2
    cat "$errors" >&2
  elif ! grep -qxF -- "$database" <<<"$output"; then
    echo "login check from $(hostname) failed at privileges: logged in, but $database is not among the databases" >&2
    code=1
  else
    printf '%s\n' "$output"
  fi
  rm -f "$errors"
  return "$code"
}

main "$@"

#!/bin/bash
# Log in to MySQL, the server's identity checked, and list the databases; say in words which layer refused.
# Usage: check_login.sh DATABASE <OPTION_FILE: host, port, user and password, each as key="value", on standard input.
set -uo pipefail

readonly AUTHORITY=/etc/mysql-pair/ca.pem SECONDS_TO_CONNECT=15

# The value of a key of the option file; neither an address nor a port has anything to unescape.
option() { sed -n "s/^$1=\"\([^\"]*\)\"$/\1/p" < <(printf '%s\n' "$2"); }

# The mysql client says "certificate verify failed" of every fault in a certificate; openssl gives the reason's number.
explain_certificate() {
  local host=$1 port=$2 by=-verify_hostname found
  if [[ $host =~ ^[0-9.]+$ || $host == *:* ]]; then by=-verify_ip; fi
  if [[ $host == *:* ]]; then port="[$host]:$port"; else port="$host:$port"; fi
  found=$(timeout "$SECONDS_TO_CONNECT" openssl s_client -starttls mysql -connect "$port" -CAfile "$AUTHORITY" \
    "$by" "$host" 2>&1 </dev/null)
  case $found in
    *'error:num=62:'* | *'error:num=64:'*) echo "TLS: the server's certificate is for another name than $host" ;;
    *'error:num=10:'*) echo "TLS: the server's certificate has expired" ;;
    *'error:num=9:'*) echo "TLS: the server's certificate is not valid yet; one of the two clocks is wrong" ;;
    *'error:num='*) echo "TLS: the server's certificate is not from the authority in $AUTHORITY" ;;
    *) echo "TLS: the server's certificate is refused" ;;
  esac
}

explain() {
  case $1 in
    *'ERROR 2005 '*) echo "name: the server's name is not known on this host" ;;
    *'ERROR 2003 '*'(110)'* | *'ERROR 2003 '*'(4)'* | *'ERROR 2002 '*'(115)'* | *'ERROR 2003 '*'(115)'*)
      echo "network: no answer at all; a security group, a route or a stopped instance" ;;
    *'ERROR 2003 '*'(111)'*) echo "service: the host answers, but no MySQL listens there" ;;
    *'ERROR 2003 '*) echo "network: the server cannot be reached" ;;
    *'ERROR 2013 '*) echo "service: MySQL accepted the connection and did not go on" ;;
    *'ERROR 2026 '*"server doesn't support it"*) echo "TLS: the server offers none" ;;
    *'ERROR 2026 '*'verify_paths failed'*) echo "TLS: $AUTHORITY is missing on this host, or is no certificate" ;;
    *'ERROR 2026 '*'certificate verify failed'* | *'ERROR 2026 '*'Failed to verify the server certificate'*)
      explain_certificate "$2" "$3" ;;
    *'ERROR 2026 '*) echo "TLS: no encrypted connection could be agreed on" ;;
    *'ERROR 1130 '*) echo "host part: no user may log in from this host's address" ;;
    *'ERROR 1045 '*) echo "login: user, host part or password is refused" ;;
    *'ERROR 1044 '* | *'ERROR 1049 '*) echo "privileges: logged in, but the database is out of reach" ;;
    *) echo "MySQL refused" ;;
  esac
}

main() {
  local database=$1 options output errors code
  options=$(cat)
  errors=$(mktemp)
  # printf is the shell's own, and <(…) a pipe: the password is in no argument list and in no file.
  output=$(mysql --defaults-extra-file=<(printf '%s\n' "$options") --protocol=tcp \
    --ssl-mode=VERIFY_IDENTITY --ssl-ca="$AUTHORITY" --connect-timeout="$SECONDS_TO_CONNECT" \
    --batch --skip-column-names --execute='show databases' 2>"$errors")
  code=$?
  if ((code != 0)); then
    echo "login check from $(hostname) failed at $(explain "$(<"$errors")" "$(option host "$options")" \
      "$(option port "$options")")" >&2
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

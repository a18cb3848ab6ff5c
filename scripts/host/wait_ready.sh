#!/bin/bash
# Wait for the end of the first boot (and for MySQL, on a server), then print the key that host_key.sh prints.
# Usage: wait_ready.sh LABEL [mysql]. LABEL is not read: another one makes the engine wait again. Run by the readiness gate; exits with 1 and the reason on standard error.
set -euo pipefail

readonly BOOT_SECONDS=900 MYSQL_SECONDS=120

wait_boot() {
  local code=0
  timeout "$BOOT_SECONDS" cloud-init status --wait >/dev/null </dev/null || code=$?
  case $code in
    0 | 2) ;; # 2: done, with warnings cloud-init recovered from
    124) fail_boot "cloud-init did not end within $BOOT_SECONDS seconds" ;;
    *) fail_boot "cloud-init ended with errors" ;;
  esac
}

fail_boot() {
  echo "$1 on $(hostname); the end of its log:" >&2
  cloud-init status --long >&2 </dev/null || true
  sudo -n tail -n 30 /var/log/cloud-init-output.log >&2 </dev/null
  exit 1
}

wait_mysql() {
  local deadline=$((SECONDS + MYSQL_SECONDS))
  until sudo -n mysql -e 'select 1' >/dev/null 2>&1 </dev/null; do
    if ((SECONDS > deadline)); then
      echo "MySQL on $(hostname) did not answer within $MYSQL_SECONDS seconds; the end of its journal:" >&2
      sudo -n journalctl --no-pager -n 30 -u mysql >&2 </dev/null
      exit 1
    fi
    sleep 0.5
  done
}

main() {
  wait_boot
  if [[ ${2-} == mysql ]]; then wait_mysql; fi
  cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
}

# Called on the last line: bash has then read the whole script from standard input.
main "$@"

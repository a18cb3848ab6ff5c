#!/bin/bash
# Wait for the end of the first boot, then print the key that host_key.sh prints.
# Usage: wait_ready.sh LABEL [RESULT]. LABEL is not read: another one makes the engine wait again. RESULT is the file that
# cloud-init writes when it ends. It is the readiness check; exits with 1 and the reason on standard error.
set -euo pipefail

readonly BOOT_SECONDS=900 RESULT=${2:-/run/cloud-init/result.json}

wait_boot() {
  local code=0
  wait_result
  if grep -qs '"errors": \[\]' "$RESULT"; then return; fi
  timeout "$((SECONDS < BOOT_SECONDS ? BOOT_SECONDS - SECONDS : 1))" cloud-init status --wait >/dev/null </dev/null || code=$?
  case $code in
    0 | 2) ;; # 2: done, with warnings cloud-init recovered from
    124) fail_boot "cloud-init did not end within $BOOT_SECONDS seconds" ;;
    *) packages_alone || fail_boot "cloud-init ended with errors" ;;
  esac
}

# Until cloud-init has written how it ended, or is found to run no longer. `cloud-init status --wait` alone would start
# a systemctl for each of its services, four times a second, on a host that has enough to do.
wait_result() {
  local turn
  for ((turn = 1; SECONDS < BOOT_SECONDS; turn++)); do
    if [[ -e $RESULT ]]; then return; fi
    if ((turn % 50 == 0)) && [[ $(cloud-init status </dev/null) != *": "@(running|not*) ]]; then return; fi
    sleep 0.2
  done
}

# Whether nothing but packages failed: `converge` installs them, or says why it cannot. A module's name
# has hyphens or underscores, by the version of cloud-init.
packages_alone() {
  { cloud-init status --format=json </dev/null || true; } | python3 -c '
import json, re, sys
errors = json.load(sys.stdin)["errors"]
sys.exit(not errors or not all(re.search("package.update.upgrade.install", error) for error in errors))'
}

fail_boot() {
  echo "$1 on $(hostname); the end of its log:" >&2
  cloud-init status --long >&2 </dev/null || true
  # What is written over (apt's progress bars) and what went well is left out.
  sudo -n cat /var/log/cloud-init-output.log </dev/null | sed -E '
    s/\r$//; s/.*\r//
    /^((Get|Hit|Ign):|Fetched |Reading |Building dep|\(Reading |Selecting |Preparing |Unpacking |Setting up |Processing )/d
    /^(ci-info|Generating|Your |The key|SHA256:|[+|].*[+|]$)/d' | tail -n 30 >&2
  exit 1
}

main() {
  wait_boot
  cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
}

# Called on the last line: bash has then read the whole script from standard input.
main "$@"

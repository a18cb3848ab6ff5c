#!/bin/bash
# Wait until another host's sshd greets: run on the jump host, before anyone is to be let through it to a host that boots.
# Usage: wait_ssh.sh LABEL SECONDS <ADDRESS. LABEL is not read: another one makes the engine wait again.
set -uo pipefail

main() {
  local address deadline=$((SECONDS + $2)) greeting waited=
  read -r address
  until greeting=$(timeout 5 bash -c "exec 3<>/dev/tcp/$address/22 && head -c 4 <&3" 2>/dev/null) && [[ $greeting == SSH- ]]; do
    if ((SECONDS > deadline)); then
      echo "no sshd answers at $address from $(hostname) within $2 seconds: is the host running, and may this one reach its port 22?" >&2
      return 1
    fi
    waited=yes
    sleep 0.2
  done
  # A host that was made before its sshd waited for the end of pam_nologin lets people in a little later.
  [[ -z $waited ]] || sleep 1
}

main "$@"

#!/bin/bash
# Print the host's public ed25519 ssh key and nothing else: what the first contact pins, before any secret is sent.
# Usage: host_key.sh.
set -euo pipefail

cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub

#!/bin/sh
# Run in a container of the hosts' image: installs packages by name, with all that they need and recommend. Of a name
# with a minus after it (mysql-server-) neither that package nor NAME-VERSION is installed; what they need is.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
left=$(printf '%s\n' "$@" | sed -n 's/-$//p' | paste -s -d '|')
# shellcheck disable=SC2046  # a list of names
plan=$(apt-get --simulate install $(printf '%s\n' "$@" | sed 's/-$//'))
names=$(echo "$plan" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vxE "($left)(-[0-9.]+)?" || true)
if [ -n "$names" ]; then
    # shellcheck disable=SC2086  # a list of names
    apt-get -q -y install --no-install-recommends $names
    # As a host marks what it installs for another's sake: what a first boot asks for, it marks anew.
    # shellcheck disable=SC2086
    apt-mark auto $names >/dev/null
fi
apt-get clean
apt-cache gencaches

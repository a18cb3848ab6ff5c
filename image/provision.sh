#!/bin/sh
# Makes the fresh Debian or Ubuntu machine that it runs on, as root, ready to be made into an image: the packages beside
# it (packages.txt) are installed, and what each host must have of its own is not there: data, accounts, keys, names.
# Usage: provision.sh. Run it last: nobody can log in by ssh afterwards until cloud-init has run again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for path in /var/lib/mysql /var/lib/mysql-pair; do
    if [ -e "$path" ]; then
        echo "provision: $path is there: this machine has been a host, and its data would be lost. Use a fresh one" >&2
        exit 1
    fi
done

# A machine that has just booted changes apt's sources meanwhile, and has apt's lists locked: `apt-get update` does not
# wait for that. 2: done, with warnings that it recovered from.
if [ -d /run/systemd/system ]; then
    cloud-init status --wait >/dev/null || [ $? = 2 ]
    systemctl stop apt-daily.timer apt-daily-upgrade.timer apt-daily.service
fi

# No service is started here. apt's lists stay: a host that needs one package more asks for what has changed only.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt="apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=10"
$apt update
# shellcheck disable=SC2046  # a list of names; what they recommend comes too, as on a host that installs them itself
$apt install $(cat "$here/packages.txt")
$apt clean
rm /usr/sbin/policy-rc.d

# The host agent makes the data directory, once the data volume is mounted there, and enables the service.
systemctl disable --quiet mysql
rm -rf /var/lib/mysql
# Client hosts run it by a unit of their own, with a configuration of their own.
systemctl disable --quiet haproxy
find /var/lib/mysql-files /var/lib/mysql-keyring -mindepth 1 -delete
rm -f /etc/mysql/debian.cnf # its password (Ubuntu's MySQL 8.0), too

cloud-init clean --logs --seed
# Empty. With `cloud-init clean --machine-id` systemd would enable every service at the next boot, MySQL's too
# (machine-id(5), "First Boot Semantics").
: >/etc/machine-id
rm -f /etc/ssh/ssh_host_* /home/*/.ssh/authorized_keys /root/.ssh/authorized_keys
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /root/.bash_history /home/*/.bash_history
rm -rf /var/log/journal/*
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' \) -delete
find /var/log -type f -exec truncate --size=0 {} + # services keep their owners and modes
sync

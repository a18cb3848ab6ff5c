"""The image that most hosts of these tests boot has all packages, and nothing that two servers may not share."""

from __future__ import annotations

import pytest

from lab.machine import golden, hosts, image, podman
from tests import PROJECT_ROOT
from tests.lab.pair import Pair

LOOK = """
command -v haproxy mysqld mysql rclone zstd mkfs.xfs logrotate openssl >/dev/null || echo a program is missing
for service in mysql haproxy; do
    [ "$(systemctl is-enabled $service)" = disabled ] || echo $service would start
done
find /var/lib/mysql-files /var/lib/mysql-keyring -mindepth 1
for path in /var/lib/mysql /var/lib/mysql-pair* /etc/mysql/debian.cnf /etc/mysql/mysql.conf.d/zz-* \
    /etc/mysql/conf.d/mysql-pair.cnf /usr/local/lib/mysql-pair /etc/mysql-pair /etc/systemd/system/mysql* \
    /usr/sbin/policy-rc.d \
    /var/lib/cloud/instance* /etc/ssh/ssh_host_* /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys \
    /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /var/log/journal/*; do
    [ ! -e "$path" ] || echo "$path"
done
find / -xdev -type f -name '*.pem' ! -path '/etc/ssl/certs/*' ! -path '/usr/share/*' ! -path '/usr/lib/python3/*'
find /var/log -type f -size +0
find /var/cache/apt/archives -name '*.deb'
cat /etc/machine-id
"""


@pytest.mark.parametrize("plain", [False, True], ids=["the golden image", "the plain one, which has no program"])
def test_it_has_programs_and_no_data_settings_accounts_or_keys(plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if plain:
        monkeypatch.delenv(golden.VARIABLE)
    name = image.ensure_image()
    done = podman.run("run", "--rm", "--network=none", *hosts.PRIVILEGES, name, "sh", "-c", LOOK, check=False)
    if plain:
        assert "a program is missing" in done.stdout, "the look sees something"
    else:
        assert done.stdout == "", done.stdout


def test_the_first_boot_asks_for_no_package(pair: Pair) -> None:
    for host in ("server", "client-1"):
        assert pair.ssh(host, "sudo grep -c apt-get /var/log/cloud-init.log").stdout == "0\n"


def test_a_machine_that_has_been_a_host_is_never_made_into_an_image(pair: Pair) -> None:
    script = (PROJECT_ROOT / "image" / "provision.sh").read_text()
    done = pair.ssh("server", "sudo sh", stdin=script)
    assert done.returncode == 1 and "this machine has been a host" in done.stderr
    assert pair.sql("select count(*) > 0 from mysql.user") == "1"

"""The image that most hosts of these tests boot has MySQL's programs, and nothing that two servers may not share."""

from __future__ import annotations

from lab.machine import image, podman
from tests.lab.pair import Pair

LOOK = """
command -v mysqld mysql >/dev/null || echo no program
for path in /var/lib/mysql /etc/mysql-pair /var/lib/mysql-pair /etc/mysql/mysql.conf.d; do
    [ ! -e "$path" ] || echo "$path"
done
getent passwd mysql
find / -xdev -name '*.pem' -newer /etc/default/locale ! -path '/etc/ssl/certs/*'
ls /etc/ssh/ssh_host_* 2>/dev/null
cat /etc/machine-id
"""


def test_it_has_programs_and_no_data_settings_accounts_or_keys() -> None:
    done = podman.run("run", "--rm", "--network=none", image.ensure_image(), "sh", "-c", LOOK, check=False)
    assert done.stdout == "", done.stdout


def test_the_first_boot_itself_installs_the_server(pair: Pair) -> None:
    log = pair.ssh("server", "sudo cat /var/log/apt/history.log").stdout
    asked = [line for line in log.splitlines() if line.startswith("Install:")]
    assert "mysql-server:" in asked[-1] and "mysql-server-core:" not in asked[-1], asked

"""examples/consumer: another project deploys an application that logs in by this stack's outputs, and follows it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.testing.project import PLAIN
from lab.testing.ssh_agent import agent
from scripts.host.constants import CA_FILE
from tests import consumer_project
from tests.lab.canaries import Search
from tests.lab.logins import Login
from tests.lab.other_project import OtherProject
from tests.lab.pair import Pair

USER = "noting"
GRANTS = [{"database": "app", "privileges": ["ALL"]}]
LOAD = "/home/ubuntu/request_load.py"
PORT, NOBODYS_PORT = 8080, 8099
PER_SECOND = 20
OURS = [
    "/usr/local/lib/notes",
    "/etc/systemd/system/notes.service",
    "/etc/systemd/system/notes.socket",
    "/etc/credstore.encrypted/notes.url",
    "/etc/credstore/notes.url",
    "/run/notes.started",
]
IN_MEMORY = "/run/credentials/notes.service/notes.url"
"""Where systemd keeps the credential for the running service: memory, not disk."""
ASK = """
import sys, urllib.error, urllib.request
port, path, *body = sys.argv[1:]
request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body[0].encode() if body else None)
request.add_header("Content-Type", "application/json")
try:
    answer = urllib.request.urlopen(request, timeout=15)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""


@dataclass(frozen=True)
class Consumer(OtherProject):
    """The example, and the pair whose client hosts it deploys to."""

    pair: Pair = field(kw_only=True)

    def on_host(self, command: str, stdin: str = "", host: str = "client-1") -> str:
        done = self.pair.as_root(host, command, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def ask(self, path: str, body: str = "", port: int = PORT, host: str = "client-1") -> tuple[int, Any]:
        """Make a request on the client host, and return the answer's code and JSON."""
        code, answer = self.on_host(f"python3 - {port} {path} {body and repr(body)}", ASK, host).split(" ", 1)
        return int(code), json.loads(answer)

    def started(self) -> str:
        """Return what is another one after each start of the service."""
        return self.on_host("systemctl show --property=InvocationID --value notes.service")


@pytest.fixture(scope="module")
def consumer(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consumer]:
    """The other project with nothing deployed yet, and a user of its own in the pair."""
    folder = tmp_path_factory.mktemp("consumer")
    users = {"app": {"grants": GRANTS}, USER: {"grants": GRANTS}}
    with agent(folder, pair.lab.folder / "operator-key") as socket, pair.configured(users=users, primaryUser="app"):
        pair.up()
        more = {**consumer_project.VARIABLES, "SSH_AUTH_SOCK": socket}
        with Consumer(pair.lab, consumer_project.copied(folder), more, name="notes", pair=pair).stack() as made:
            made.configure(stack=f"organization/mysql-pair/{pair.lab.name}", user=USER)
            made.on_host(f"cat >{LOAD}", stdin=(Path(__file__).parent / "request_load.py").read_text())
            yield made
            pair.sql("drop table if exists app.notes")


@pytest.fixture(scope="module")
def deployed(consumer: Consumer) -> Consumer:
    """The application, up."""
    consumer.up()
    return consumer


def secrets(pair: Pair) -> Search:
    """Return a search for what only the application may know."""
    return Search({"the password": Login.of(pair, USER).password})


@pytest.mark.timeout(600)
def test_the_first_up_deploys_it_and_its_password_is_nowhere_else(consumer: Consumer, tmp_path: Path) -> None:
    pair, plan = consumer.pair, tmp_path / "plan.json"
    search = secrets(pair)
    with search.watching_processes() as rounds:
        for words in (["preview", "--diff", "--save-plan", str(plan)], ["up", "--yes", "--skip-preview", "--diff"]):
            done = consumer.pulumi(*words, *PLAIN)
            assert done.returncode == 0, done.stdout + done.stderr
            search.look(f"what {words[0]} printed", (done.stdout + done.stderr).encode())
        assert consumer.ask("/notes", '{"text": "the first"}') == (201, {"id": 1, "text": "the first"})
        assert consumer.ask("/notes") == (200, [{"id": 1, "text": "the first"}])
        assert consumer.ask("/notes", '{"text": 1}')[0] == 400
        assert consumer.ask("/health") == (200, {"status": "ok", "tls": "TLSv1.3"})
        assert rounds() > 100
    search.look("the state", consumer.done("stack", "export").encode())
    search.files([plan, *(path for path in consumer.folder.glob("*") if path.is_file())])
    search.host(pair, "client-1")
    # Before version 250 systemd encrypts nothing: then a file for root alone has it too.
    plain = consumer.on_host("command -v systemd-creds || sudo stat --format '%U %a %n' /etc/credstore/notes.url")
    kept = set() if plain.endswith("/systemd-creds") else {"/etc/credstore/notes.url"}
    assert search.found == {f"a secret in {path} of client-1" for path in {IN_MEMORY, *kept}}
    assert not kept or plain == "root 600 /etc/credstore/notes.url"
    assert consumer.on_host(f"sudo stat --file-system --format %T {IN_MEMORY}") in ("ramfs", "tmpfs")


def test_a_second_up_changes_nothing_and_the_service_goes_on(deployed: Consumer) -> None:
    before = deployed.started()
    assert "2 unchanged" in deployed.up()
    assert deployed.started() == before


def test_it_runs_as_a_user_that_owns_nothing_and_listens_on_its_host_alone(deployed: Consumer) -> None:
    processes = deployed.on_host("ps -C gunicorn -o uid=").split()
    assert len(processes) == 3 and all(61184 <= int(uid) <= 65519 for uid in processes), "systemd's dynamic users"
    listening = deployed.on_host("ss --no-header --listening --numeric --tcp 'sport = :8080'").split()
    assert f"127.0.0.1:{PORT}" in listening and len(listening) < 8
    for folder in ("/usr/local/lib/notes", "/etc", "/var/lib"):
        enter = "sudo nsenter --target $(systemctl show -P MainPID notes.service) --mount"
        assert "Read-only file system" in deployed.pair.ssh("client-1", f"{enter} touch {folder}/here").stderr


def test_another_authority_is_refused(deployed: Consumer) -> None:
    new = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=another -keyout /dev/null -days 2"
    deployed.on_host(f"sudo cp -p {CA_FILE} {CA_FILE}.kept && {new} 2>/dev/null | sudo tee {CA_FILE} >/dev/null")
    try:
        deployed.on_host("sudo systemctl restart notes.service")
        code, answer = deployed.ask("/health")
        assert (code, answer["layer"]) == (503, "tls")
        assert deployed.ask("/notes")[0] == 503
    finally:
        deployed.on_host(f"sudo mv {CA_FILE}.kept {CA_FILE} && sudo systemctl restart notes.service")
    assert deployed.ask("/health")[0] == 200


@pytest.mark.timeout(600)
def test_a_rotation_fails_no_request(deployed: Consumer) -> None:
    """Requests all through: the password is rotated, this project's `up` brings it, the old one ends."""
    pair, before, old = deployed.pair, deployed.started(), Login.of(deployed.pair, USER)
    load = pair.start("client-1", f"python3 {LOAD} {PORT} {PER_SECOND}")
    assert load.stdout and load.stdout.readline() == "started\n"
    began = time.monotonic()

    pair.configure({"passwordGenerations": {USER: 2}})
    pair.up()
    assert not deployed.unchanged(), "the preview says that there is another password to bring"
    deployed.up()
    pair.configure({"finishedGenerations": {USER: 2}})
    pair.up()
    # Sessions outlive their password: without them, only a login with the new one goes on.
    time.sleep(1)
    lasted = time.monotonic() - began

    printed, _ = load.communicate(timeout=60)
    found = json.loads(printed)
    assert found["failures"] == []
    assert found["made"] > 0.8 * PER_SECOND * lasted
    assert deployed.started() != before
    kill = f"select group_concat('kill ', id separator ';') from information_schema.processlist where user = '{USER}'"  # noqa: S608
    pair.sql(pair.sql(kill))
    assert deployed.ask("/health")[0] == 200
    assert (old.works(pair), Login.of(pair, USER).works(pair)) == (False, True)
    assert deployed.unchanged()


def test_the_load_sees_a_port_that_nobody_listens_on(deployed: Consumer) -> None:
    """Or the test before this one could not fail."""
    load = deployed.pair.start("client-1", f"python3 {LOAD} {NOBODYS_PORT} {PER_SECOND}")
    assert load.stdout and load.stdout.readline() == "started\n"
    time.sleep(0.5)
    printed, _ = load.communicate(timeout=60)
    assert "Connection refused" in json.loads(printed)["failures"][0]


@pytest.mark.timeout(600)
def test_what_changes_on_the_host_behind_its_back_comes_back(deployed: Consumer) -> None:
    """Replaced by hand: what is gone already is no fault of the deletion, and it comes before the creation."""
    deployed.on_host(f"sudo systemctl stop notes.socket notes.service && sudo rm -rf {' '.join(OURS)}")
    assert deployed.unchanged(), "the engine cannot see it"
    deployed.done("up", "--yes", "--skip-preview", "--replace", urn(deployed))
    assert deployed.ask("/health")[0] == 200


def urn(deployed: Consumer) -> str:
    state = json.loads(deployed.done("stack", "export"))
    return next(str(one["urn"]) for one in state["deployment"]["resources"] if one["urn"].endswith("::notes"))


# What is broken behind the stack's back, how it is mended, the port that `up` shall change, and what it says.
ACCOUNT = f"'{USER}'@'{{host}}'"
BROKEN = [
    (f"revoke all on app.* from {ACCOUNT}", f"grant all on app.* to {ACCOUNT}", 8090, "grants: MySQL lets the user in"),
    (f"rename user {ACCOUNT} to gone", f"rename user gone to {ACCOUNT}", 8091, "login: MySQL refuses the user"),
]


@pytest.mark.timeout(600)
def test_an_application_that_does_not_work_fails_the_up_in_words_until_it_does(deployed: Consumer) -> None:
    pair, search = deployed.pair, secrets(deployed.pair)
    host = pair.sql(f"select host from mysql.user where user = '{USER}'")  # noqa: S608
    for harm, mend, port, words in BROKEN:
        pair.sql(harm.format(host=host))
        deployed.configure(port=port)
        try:
            told = deployed.failing_up()
        finally:
            pair.sql(mend.format(host=host))
        search.look("what up printed", told.encode())
        assert f"Notes: {words}" in told and "notes.service said last:" in told, told
        assert "Traceback" not in told and search.found == set()
    deployed.up()  # the fault is gone, and a failed update is tried again
    assert deployed.ask("/health", port=port)[0] == 200


def test_destroy_leaves_nothing_of_it_on_the_host(deployed: Consumer) -> None:
    search = secrets(deployed.pair)
    deployed.done("destroy", "--yes", "--skip-preview")
    deployed.on_host(f"for path in {' '.join(OURS)}; do test ! -e $path || exit 1; done")
    assert deployed.on_host("systemctl list-unit-files --no-legend 'notes.*'; pgrep gunicorn; true") == ""
    assert deployed.on_host("ss --no-header --listening --numeric --tcp 'sport >= :8080 and sport <= :8099'") == ""
    assert deployed.on_host("getent passwd notes || true") == ""
    search.host(deployed.pair, "client-1")
    assert search.found == set()


@pytest.mark.timeout(600)
def test_a_private_client_host_has_it_through_the_jump_host_and_so_has_the_one_that_replaces_it(
    consumer: Consumer,
) -> None:
    """After the deletion: to deploy to another client is to destroy first."""
    pair = consumer.pair

    def clients(zone: int) -> list[dict[str, object]]:
        return [{"name": "client"}, {"name": "app", "public": False, "zone": zone}]

    with pair.config_kept():  # with the users', it is brought up afterwards
        pair.configure({"clients": clients(zone=1)})
        pair.up()
        consumer.configure(client="app-1", port=PORT)
        consumer.up()
        assert consumer.ask("/notes", '{"text": "through the jump host"}', host="app-1")[0] == 201
        before = pair.outputs()["client_instance_ids"]
        pair.configure({"clients": clients(zone=2)})
        pair.up()
        after = pair.outputs()["client_instance_ids"]
        assert (before[0] == after[0], before[1] == after[1]) == (True, False)
        consumer.up()
        assert "through the jump host" in str(consumer.ask("/notes", host="app-1"))
        consumer.done("destroy", "--yes", "--skip-preview")

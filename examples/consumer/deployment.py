"""What the deploying command is made from: how the host is reached, what runs there, and what it is sent."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from string import Template

from pulumi_command import remote

from settings import Choice, Client

HERE = Path(__file__).parent
PACKAGES = ["gunicorn", "python3-flask", "python3-pymysql", "python3-sqlalchemy"]
SECONDS = 420
"""How long a run may take: apt on a slow mirror, another apt's lock, and the application's own start."""
DIALS = 3
"""A host that is up answers at once, and a wrong host key is a failed dial too: it must be told, not retried."""
DIALS_BEHIND_JUMP = 0
"""Behind a proxy pulumi-command dials again on the channel that the first dial has closed, which hides the reason."""
DIAL_SECONDS = 15

# The first line of standard input is the program, the rest is the document that the program reads. The program's
# file ends with the command, and has no secret in it; neither has this text, which a failing command is printed with.
COMMAND = """\
program=$(mktemp) && trap 'rm -f "$program"' EXIT && IFS= read -r line && printf %s "$line" | base64 -d >"$program" &&
timeout --kill-after=10 {seconds} sudo -n python3 -I "$program" {verb}"""


def connection(choice: Choice, ssh_user: str) -> remote.ConnectionArgs:
    """Return how the client host is reached: pinned to its key, by the operator's ssh agent, through the jump host.

    The agent's socket is not named: the provider takes SSH_AUTH_SOCK itself, and a path, which is another one in each
    session, would be a change in every preview.
    """
    jump, client = choice.jump, choice.client
    return remote.ConnectionArgs(
        host=client.public_ip or client.private_ip,
        user=ssh_user,
        host_key=client.host_key,
        dial_error_limit=DIALS_BEHIND_JUMP if jump else DIALS,
        per_dial_timeout=DIAL_SECONDS,
        proxy=_proxy(jump, ssh_user) if jump else None,
    )


def _proxy(jump: Client, ssh_user: str) -> remote.ProxyConnectionArgs:
    return remote.ProxyConnectionArgs(
        host=jump.public_ip or jump.private_ip,
        user=ssh_user,
        host_key=jump.host_key,
        dial_error_limit=DIALS,
        per_dial_timeout=DIAL_SECONDS,
    )


def command(verb: str) -> str:
    """Return what the login user's shell runs: `apply` or `remove` of host/deploy.py, with an end to it."""
    return COMMAND.format(seconds=SECONDS, verb=shlex.quote(verb))


def standard_input(choice: Choice, url: str) -> str:
    """Return what goes by standard input; with the URL in it, a secret.

    The instance id is in it for its own sake: on a replaced host everything has to be set up anew.
    """
    program = base64.b64encode((HERE / "host" / "deploy.py").read_bytes()).decode()
    document = {
        "instance": choice.client.instance_id,
        "packages": PACKAGES,
        "files": files(choice.port),
        "port": choice.port,
        "url": url,
    }
    return f"{program}\n{json.dumps(document)}"


def files(port: int) -> dict[str, str]:
    """Return the application's files and units, by their paths on the host."""
    application = {f"/usr/local/lib/notes/{path.name}": path.read_text() for path in sorted(HERE.glob("app/*.py"))}
    units = {path.name: path.read_text() for path in sorted(HERE.glob("units/*"))}
    units["notes.socket"] = Template(units["notes.socket"]).substitute(port=port)
    return application | {f"/etc/systemd/system/{name}": text for name, text in units.items()}

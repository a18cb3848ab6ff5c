"""What the deploying command is made from: how the host is reached, what runs there, and what it is sent."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from string import Template

from pulumi_command import remote

from components.host.remote import SshRoute
from settings import Choice

HERE = Path(__file__).parent
PACKAGES = ["gunicorn", "python3-flask", "python3-pymysql", "python3-sqlalchemy"]
SECONDS = 420
"""How long a run may take: apt on a slow mirror, another apt's lock, and the application's own start."""

# The first line of standard input is the program, the rest is the document that the program reads. The program's
# file ends with the command, and has no secret in it; neither has this text, which a failing command is printed with.
COMMAND = """\
program=$(mktemp) && trap 'rm -f "$program"' EXIT && IFS= read -r line && printf %s "$line" | base64 -d >"$program" &&
timeout --kill-after=10 {seconds} sudo -n python3 -I "$program" {verb}"""


def connection(choice: Choice, ssh_user: str) -> remote.ConnectionArgs:
    """Return how the client host is reached: pinned to its key, by the operator's ssh agent, through the jump host."""
    jump, client = choice.jump, choice.client
    through = SshRoute(jump.public_ip or jump.private_ip, jump.host_key, user=ssh_user) if jump else None
    address = client.public_ip or client.private_ip
    return SshRoute(address, client.host_key, user=ssh_user, jump=through).connection()


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

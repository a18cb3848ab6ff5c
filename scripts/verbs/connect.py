"""`connect USER`: a mysql prompt on a client host, as that user, the server's identity checked.

The login waits on the client host in a FIFO in a private folder: a first ssh is given it on standard input and passes
it on to whoever opens the FIFO, a second one runs mysql on the terminal and reads it there. So it is in no argument,
no environment and no file. Should either end die, the other gives up in time and the FIFO goes.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from scripts.ssh import KEPT_ALIVE, Ssh, last_words, logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, ClientHost, StackName, User
from stack_outputs.forms import option_file

WAIT_SECONDS = 30
"""How long each end waits for the other."""
END_SECONDS = 2

OFFER = """\
set -eu
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/login"
echo "$folder/login"
# To open a FIFO waits for a reader: also that ends in time.
timeout "$1" sh -c 'cat >"$1"' sh "$folder/login"
"""
# Opened for both ways it waits for nobody; `read` is what waits. mysql is told of a pipe of this shell's own. None of
# the operator's files on that host counts but the login, which names the authority's certificate too.
TAKE = """\
exec 3<>"$1" || exit 1
IFS= read -r -t "$2" -d '' -u 3 login || { echo "the login did not arrive within $2 seconds" >&2; exit 1; }
exec 3>&-
shift 2
export LC_ALL=C.UTF-8
exec mysql --defaults-file=<(printf '%s' "$login") --protocol=tcp --ssl-mode=VERIFY_IDENTITY "$@"
"""


MySqlArguments = Annotated[list[str] | None, typer.Argument(metavar="-- ARGUMENT", help="Arguments of mysql.")]


def connect(
    user: User, arguments: MySqlArguments = None, host: ClientHost = None, stack: StackName = DEFAULT_STACK
) -> None:
    """Open a mysql prompt on a client host, as a user of the stack.

    The connection is over TLS, with the server's identity checked. With arguments after --, or with something else
    than a terminal on standard input, there is no prompt:

    - `connect app -- -e 'select 1'`
    - `connect app <script.sql`

    Exit code: mysql's.
    """
    words = arguments or []
    target = Stack(stack)
    terminal = ["-t"] if not words and sys.stdin.isatty() else []
    with logins(target) as ssh:
        state, client = ssh.access.state, ssh.access.client(host)
        login = state.login(user)
        if not state.is_made(user):
            note = f"no `up` has made {user} yet: MySQL may not know the account, or not all of its grants"
            print(note, file=sys.stderr)
        with offered(ssh, client, option_file(login)) as fifo:
            take = ["bash", "-c", TAKE, "connect", fifo, str(WAIT_SECONDS), *words]
            raise typer.Exit(ssh.run(client, take, [*KEPT_ALIVE, *terminal]))


@contextlib.contextmanager
def offered(ssh: Ssh, host: str, login: str) -> Iterator[str]:
    """Give the path of a FIFO on the host, in which the login waits for its one reader."""
    offer = ["bash", "-c", OFFER, "offer", str(WAIT_SECONDS)]
    with ssh.in_background(host, offer, stdin=f"{login}\0", seconds=2 * WAIT_SECONDS) as (process, fifo):
        if not fifo:
            raise OperatorError(f"{host} cannot be reached by ssh: {last_words(process)}")
        try:
            yield fifo
        finally:
            # Once the login is taken it ends by itself, and its folder is gone then.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)

"""The accounts as an operator asks for them: they are read on the server that has every write, never assumed."""

from scripts.group import writer
from scripts.host.accounts.listing import AccountList
from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host_agent import ask
from scripts.ssh import Ssh
from scripts.stack import OperatorError

LIST_SECONDS = 120


def list_accounts(ssh: Ssh) -> AccountList:
    """Return MySQL's accounts."""
    server = writer(ssh)
    answer = ask(ssh, server, "accounts list", "", LIST_SECONDS)
    try:
        return codec.from_data(AccountList, answer)
    except HostError as error:
        raise OperatorError(f"{server}: {error}; `repair` or `pulumi up` brings the agent up to date") from error

"""What another Ubuntu release would come to for a stack's servers: each is checked, and made ready for the shutdown."""

from collections.abc import Sequence

from scripts.backup_agent import LONG_SECONDS, back_up
from scripts.host.common import codec
from scripts.host.mysql.spec import SeriesCheckSpec, SeriesFacts
from scripts.host.system.spec import UpgradeFinding
from scripts.host_agent import ask
from scripts.ssh import Ssh, logins
from scripts.stack import OperatorError, Stack

NEXT = """\
Nothing was changed but what a shutdown does. The move is one `pulumi up`, in which {meanwhile}:

  pulumi config set serverUbuntuRelease {release} --stack {stack}
  pulumi preview --stack {stack}

The preview replaces {replaced}, creates {created}, and keeps
{kept}. The way back is that snapshot: docs/versions.md, "Another Ubuntu release"."""
ONE, SEVERAL = "MySQL is down for some minutes", "the servers move one after another"


def check_release(target: Stack, release: str, no_backup: bool) -> None:
    """Check the servers for the MySQL of a release, make a base backup, make them ready, and say what comes next.

    Raises:
        OperatorError: the release is none, or something has to be mended first.
    """
    # Only here: it loads the components.
    from components.mysql.settings import MYSQL_OF_UBUNTU, removed_in

    if release not in MYSQL_OF_UBUNTU:
        raise OperatorError(f"{release} is no Ubuntu release that the program knows: {', '.join(MYSQL_OF_UBUNTU)}")
    series = MYSQL_OF_UBUNTU[release]
    with logins(target, key_seconds=LONG_SECONDS) as ssh:
        servers = ssh.access.state.server_names
        found: dict[UpgradeFinding, None] = {}
        for server in servers:
            facts = _ask(ssh, server, SeriesCheckSpec(series, removed_in(series), prepare=False))
            whose = target.name if len(servers) == 1 else f"{server} of {target.name}"
            print(f"MySQL {facts.version} of {whose}, for the MySQL {series} of Ubuntu {release}:")
            found |= dict.fromkeys(facts.findings)
        tell(list(found))
        if not no_backup:
            back_up(ssh)
        for server in servers:
            _ask(ssh, server, SeriesCheckSpec(series, {}, prepare=True))
    print(_next(target, release, servers))


def tell(findings: Sequence[UpgradeFinding]) -> None:
    """Show what was found.

    Raises:
        OperatorError: some of it has to be mended first.
    """
    for finding in findings:
        print(f"{'ERROR' if finding.stops else 'note '}  {finding.wrong}\n       {finding.hint}")
    if stopping := sum(finding.stops for finding in findings):
        raise OperatorError(f"{stopping} of these would make the upgrade fail: mend them first. Nothing was changed")


def _next(target: Stack, release: str, servers: Sequence[str]) -> str:
    replaced = [f"{name}-{part}" for name in servers for part in ("instance", "data-attached")]
    return NEXT.format(
        release=release,
        stack=target.name,
        meanwhile=ONE if len(servers) == 1 else SEVERAL,
        replaced=_and(replaced),
        # Of the first one alone: of a group the others have the same data.
        created=f"{servers[0]}-data-before-{release}",
        kept=_and([f"{name}-data-volume" for name in servers]),
    )


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _ask(ssh: Ssh, server: str, spec: SeriesCheckSpec) -> SeriesFacts:
    return codec.from_data(SeriesFacts, ask(ssh, server, "upgrade-check", codec.encode(spec), LONG_SECONDS))

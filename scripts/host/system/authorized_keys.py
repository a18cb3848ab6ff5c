"""The login user's authorized_keys."""

import os
import pwd
from pathlib import Path

from scripts.host.common import atomic_write, process
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.constants import LOGIN_USER

MODE = 0o600


def converge(text: str) -> None:
    """Make the file have this content; one without a key, which would lock everybody out, is an error."""
    if process.run(["ssh-keygen", "-l", "-f", "/dev/stdin"], stdin=text).returncode != 0:
        raise HostError("authorized_keys has no public key that ssh-keygen can read; the file is left as it was")
    if not differences(text):
        return
    user, path = _user_and_path()
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700)
        os.chown(path.parent, user.pw_uid, user.pw_gid)
    atomic_write.write(path, text.encode(), MODE, (user.pw_uid, user.pw_gid))


def differences(text: str) -> list[Difference]:
    """Return where the file has other content or permissions; nothing is changed."""
    _, path = _user_and_path()
    if not path.exists():
        return [Difference("ssh key", str(path), "file", "present", "missing")]
    rows = []
    if (current := path.read_text(errors="replace")) != text:
        expected, found = _fingerprints(text), _fingerprints(current)
        words = "the same key, with other options or comments" if found == expected else found
        rows.append(Difference("ssh key", str(path), "keys", expected, words))
    if (mode := path.stat().st_mode & 0o777) != MODE:
        rows.append(Difference("ssh key", str(path), "permissions", f"{MODE:04o}", f"{mode:04o}"))
    return rows


def _user_and_path() -> tuple[pwd.struct_passwd, Path]:
    user = pwd.getpwnam(LOGIN_USER)
    return user, Path(user.pw_dir) / ".ssh" / "authorized_keys"


def _fingerprints(text: str) -> str:
    listed = process.run(["ssh-keygen", "-l", "-f", "/dev/stdin"], stdin=text).stdout
    return ", ".join(line.split()[1] for line in listed.splitlines()) or "none"

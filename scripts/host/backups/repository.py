"""The repository of backups: objects that rclone encrypts and authenticates before they leave the host.

Nothing here deletes or replaces an object: the instance's role may not, and the bucket's lifecycle ends what is old.
The one secret that stays on the host is the key, in the state file backups/spec.json for root alone: the timers need
it. Whoever is root here can read the backups with it, as he can read the data; he cannot destroy them. rclone reads
the key from a file, so that it is in no argument and no environment variable.
"""

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.host.backups.spec import RepositorySpec
from scripts.host.common import process, state_file
from scripts.host.common.errors import HostError

FOLDER = "backups"
"""Of the state files."""
REMOTE = "repository"
SECONDS = 600
"""How long one small object or list may take; rclone itself gives up earlier where nothing moves."""
TRANSFER_SECONDS = 4 * 3600
FLAGS = ("--contimeout=15s", "--timeout=60s", "--retries=2", "--low-level-retries=4", "--log-level=ERROR")
WRONG_KEY = ("bad password", "unexpected EOF")
"""rclone's words of a block whose authentication fails; the second are those of 1.60."""
PUTS = ("rcat", "copyto")
NOT_THERE = (3, 4)
"""rclone's exit codes: no such folder, no such file."""
HINTS = (
    ("AccessDenied", "the instance's role or the bucket's policy does not allow it"),
    # All that S3 says where the answer has no text, as of a HEAD (seen with 1.60).
    ("Forbidden", "the instance's role or the bucket's policy does not allow it"),
    ("NoSuchBucket", "there is no such bucket"),
    ("no such host", "S3 cannot be reached"),
    ("connection refused", "S3 cannot be reached"),
    ("i/o timeout", "S3 cannot be reached"),
    # Its words where S3 does not tell whether the name is an object (seen with 1.75).
    ("is a file not a directory", "S3 cannot be reached, or refuses this role"),
    ("NoCredentialProviders", "the instance has no role (instance profile)"),
    ("no EC2 IMDS role found", "the instance has no role (instance profile)"),
    ("no space left", "the disk is full"),
)


class UnreadableError(HostError):
    """An object that the key does not open: it was encrypted with another one, or changed since."""


@dataclass(frozen=True)
class Object:
    """What the repository has."""

    name: str
    """Within the folder that was listed."""
    size: int
    """In bytes, decrypted."""


class Repository:
    """An open repository."""

    def __init__(self, config: Path) -> None:
        """Use a configuration of rclone's."""
        self._config = config

    def argv(self, *words: str, chunk_mib: int = 16) -> list[str]:
        """Return rclone's command line; S3 takes 10,000 parts an object, of so many MiB each."""
        # Whoever puts need not ask before whether the folder is an object; where S3 is away, rclone hides that then.
        unasked = ["--s3-no-head-object"] if {*words[:1]} & {*PUTS} else []
        return ["rclone", f"--config={self._config}", *FLAGS, f"--s3-chunk-size={chunk_mib}M", *unasked, *words]

    def at(self, name: str) -> str:
        """Return how rclone names an object or a folder."""
        return f"{REMOTE}:{name}"

    def read(self, name: str) -> bytes:
        """Return a small object.

        Raises:
            UnreadableError: the key does not open it.
        """
        return self._must("cat", self.at(name)).encode()

    def write(self, name: str, text: str) -> None:
        """Put a small object."""
        self._must("rcat", self.at(name), stdin=text)

    def objects(self, folder: str) -> list[Object]:
        """Return what a folder and those in it have; empty if there is none."""
        words = ("lsjson", "--recursive", "--files-only", "--no-modtime", "--no-mimetype", self.at(folder))
        text = self._must(*words, missing="[]")
        return [Object(entry["Path"], entry["Size"]) for entry in json.loads(text)]

    def upload(self, path: Path, name: str) -> None:
        """Put a file; rclone compares the size of what arrived, and S3 the checksum of what was sent."""
        self._must("copyto", "--no-check-dest", str(path), self.at(name), seconds=TRANSFER_SECONDS)

    def fetch(self, folder: str, names: Sequence[str], into: Path) -> None:
        """Get objects of a folder, several at a time.

        Raises:
            UnreadableError: the key does not open one of them.
        """
        words = ("copy", "--transfers=8", "--no-traverse", "--files-from-raw=-", self.at(folder), str(into))
        self._must(*words, stdin="\n".join(names) + "\n", seconds=TRANSFER_SECONDS)

    def _must(self, *words: str, stdin: str = "", seconds: float = SECONDS, missing: str | None = None) -> str:
        done = process.run(self.argv(*words), stdin, seconds)
        if done.returncode in NOT_THERE and missing is not None:
            return missing
        if done.returncode != 0:
            raise failure(f"rclone {words[0]}", done.stderr)
        return done.stdout


def failure(what: str, said: str) -> HostError:
    """Return the error for what rclone said when it failed."""
    if not hint_of(said) and any(sign in said for sign in WRONG_KEY):
        names = dict.fromkeys(re.findall(r"ERROR : (\S+): Failed to copy", said))
        thing = ", ".join(names) or "the object"
        return UnreadableError(f"this key does not open {thing}: another one encrypted it, or it was changed since")
    return HostError(f"{hint_of(said)}`{what}` failed: {words_of(said)}")


def hint_of(said: str) -> str:
    """Return why rclone probably failed, in words to begin with, as drift shows no more; empty if its own say it."""
    return next((f"{hint}: " for sign, hint in HINTS if sign in said), "")


def words_of(said: str) -> str:
    """Return rclone's last words, without what only counts its tries: each of them says the same, at another time."""
    lines = (re.sub(r"^[\d/]+ [\d:]+ ", "", line) for line in said.strip().splitlines())
    return "\n".join(list(dict.fromkeys(line for line in lines if "Attempt " not in line))[-3:])


@contextlib.contextmanager
def opened(spec: RepositorySpec) -> Iterator[Repository]:
    """Open a repository for the length of a block."""
    folder = state_file.FOLDER / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # "-": from standard input. It is an encoding, and hides nothing.
    password = process.must(["rclone", "obscure", "-"], spec.key).strip()
    with tempfile.TemporaryDirectory(prefix="rclone-", dir=folder) as private:
        config = Path(private) / "rclone.conf"
        config.touch(mode=0o600)
        config.write_text(configuration(spec, password))
        yield Repository(config)


def configuration(spec: RepositorySpec, password: str) -> str:
    """Return rclone's configuration; the credentials for S3 are those of the instance's role."""
    sections: dict[str, dict[str, str]] = {}
    place = spec.prefix
    if spec.bucket:
        domain = "amazonaws.com.cn" if spec.region.startswith("cn-") else "amazonaws.com"
        sections["store"] = {
            "type": "s3",
            # rclone's "AWS" puts the bucket into the host's name, where a dot in it would fail TLS.
            "provider": "Other",
            "endpoint": spec.endpoint or f"https://s3.{spec.region}.{domain}",
            "force_path_style": "true",
            "list_version": "2",
            "region": spec.region,
            "env_auth": "true",
            "no_check_bucket": "true",
            # rclone 1.60 would say "private", which a bucket without access control lists refuses.
            "acl": "bucket-owner-full-control",
            "upload_concurrency": "2",
        }
        place = f"store:{spec.bucket}/{spec.prefix}"
    sections[REMOTE] = {
        "type": "crypt",
        "remote": place,
        # Retention and a reader without the key go by names, which say no more than when a backup was made.
        "filename_encryption": "off",
        "directory_name_encryption": "false",
        "password": password,
    }
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""]
    return "\n".join(lines)

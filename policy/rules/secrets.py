"""Finds what looks like a secret in a text: by the forms that secrets have, and by words that look drawn by lot.

What it finds is told by kind and place, never by its text, nor by anything that could be computed back to it.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

DEPTH = 5
"""How often a text may be packed in base64 or gzip: user data, a part of it, a file in that part."""
UNPACKED = 4 * 1024 * 1024
"""Bytes of what was packed that are looked at; user data itself has at most 16 KiB."""


class Finding(NamedTuple):
    """Something that looks like a secret."""

    kind: str
    where: str


@dataclass(frozen=True)
class Finder:
    """What is looked for.

    Args:
        allow: regular expressions of words that are no secrets; each has to match a word as a whole.
        length: characters that a word has at least before it may look drawn by lot.
        bits: entropy of a character, from the word's own letters, from which on it does. Of words of 20 letters and
            digits drawn by lot half have 4.0 and more, 98 in 100 have 3.7; of 32, all have 4.2.
    """

    allow: Sequence[str] = ()
    length: int = 20
    bits: float = 3.8

    def find(self, text: str) -> list[Finding]:
        """Return what looks like a secret, one for each line.

        Raises:
            ValueError: an entry of `allow` is no regular expression.
        """
        return list(dict.fromkeys(self._find(text, "", DEPTH)))

    def _find(self, text: str, within: str, depth: int) -> Iterator[Finding]:
        text = _blanked(text, PUBLIC)
        seen = set()
        for kind, start in self._formed(text):
            line = text.count("\n", 0, start) + 1
            if line not in seen:
                yield Finding(kind, f"line {line}{within}")
            seen.add(line)
        rest = list(text)
        for packed in PACKED.finditer(text):
            inner = unpacked(packed[0]) if depth else None
            if inner is not None:
                line = text.count("\n", 0, packed.start()) + 1
                rest[packed.start() : packed.end()] = _space(packed[0])
                yield from self._find(inner, f" of what is packed in line {line}{within}", depth - 1)
        for number, line_text in enumerate("".join(rest).split("\n"), start=1):
            if number not in seen and any(self._random(word) for word in _words(line_text)):
                yield Finding("a word that looks random, as keys and tokens do,", f"line {number}{within}")

    def _formed(self, text: str) -> Iterator[tuple[str, int]]:
        for kind, form in FORMS:
            for match in form.finditer(text):
                named = match.groupdict()
                secret = named.get("secret", match[0]).strip("\"'")
                if secret and not _stands_for_another(secret, named.get("key", "")) and not self._allowed(secret):
                    yield kind, match.start()

    def _allowed(self, word: str) -> bool:
        try:
            return any(re.fullmatch(pattern, word) for pattern in self.allow)
        except re.error as error:
            raise ValueError(f"`allow`: {error.pattern!r} is no regular expression: {error}") from error

    def _random(self, word: str) -> bool:
        if len(word) < self.length or self._allowed(word):
            return False
        if HEX.fullmatch(word):
            return len(word) >= HEX_LENGTH and entropy(word) >= HEX_BITS
        if entropy(word) < self.bits or sum(map(len, _nameless(word))) < NAMELESS:
            return False
        digits = sum(letter.isdigit() for letter in word)
        mixed = any(letter.islower() for letter in word) and any(letter.isupper() for letter in word)
        return digits >= (1 if mixed else LOWER_DIGITS)


PUBLIC = tuple(
    re.compile(form)
    for form in (
        r"(?s)-----BEGIN (?P<what>(?:[A-Z0-9]+ )*(?:CERTIFICATE(?: REQUEST)?|PUBLIC KEY(?: BLOCK)?))-----"
        r".*?-----END (?P=what)-----",
        r"\b(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-nistp\d+|sk-[a-z0-9@.-]+) AAAA[A-Za-z0-9+/]+=*",
        r"(?i)\bsha(?:1|224|256|384|512)[:=-](?:[0-9a-f]{40,128}|[A-Za-z0-9+/]{27,88}=*)",
        r"\b[0-9a-f]{40,128}(?=  \S| \*\S)",
        r"(?i)\bkeyid:\s*[0-9a-f]{8,40}\b",
        r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b",
        r"\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}\b",
    )
)
"""Public by their nature: certificates, public keys, digests that say what they are (sha256sum's form among them),
fingerprints of apt's keys, UUIDs, ids of AWS."""

PACKED = re.compile(r"(?:[A-Za-z0-9+/]{40,}[ \t]*\r?\n[ \t]*)*[A-Za-z0-9+/]{16,}={0,2}")
"""Base64, in one line or, as in MIME, in many."""

WORD = re.compile(r"[A-Za-z0-9+/_=-]+")
HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
HEX_LENGTH, HEX_BITS = 32, 3.0
"""Of 16 letters a character tells 4 bits at most; of 32 drawn by lot, 999 words in 1000 have 3.0 and more."""
NAME = re.compile(r"[A-Z]{0,4}[a-z]{2,}(?:[A-Z]{1,4}[a-z]{2,})*[A-Z]{0,4}\d{0,4}|[A-Z]+\d{0,4}|[a-z]+\d{0,4}|\d+")
"""A part of a word that a person would write: a word, several in camel case, a number."""
NAMELESS = 12
"""How many characters of a word are in other parts before it looks drawn by lot."""
LOWER_DIGITS = 5
"""How many digits a word without capitals has at least: one with fewer is a name with a number."""

PLACEHOLDER = re.compile(
    r"""
    \$[({A-Za-z_].* | `.* | %\w+% | <.*> | \{\{.*              # filled in by a shell or a template
    | [|>&!\[{(\\].* | -                                       # YAML's own signs, code, standard input
    | [A-Za-z_][\w.:]*[(\[].*                                  # a call or an item, in code
    | (?:/[\w.@+-]+)+/? | file:.*                              # where it is kept
    | true | false | yes | no | on | off | none | null | nil | required | optional | disabled | enabled | default
    | str | bytes | string | self\..* | [*x.]+ | R | RANDOM    # types, stars, cloud-init's word for one drawn by lot
    """,
    re.X | re.I,
)

_QUOTED = r"""'[^'\n]+'|"[^"\n]+\""""
FORMS = tuple(
    (kind, re.compile(form))
    for kind, form in (
        ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d"),
        ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("a service's token", r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{40,}|glpat-[\w-]{20,}|npm_\w{36})"),
        ("a service's token", r"\b(?:xox[abeoprs]-[\w-]{10,}|[rs]k_live_\w{16,}|AIza[\w-]{35}|pul-[0-9a-f]{40})"),
        (
            "a service's token",
            r"\b(?:hv[bs]\.[\w-]{20,}|AGE-SECRET-KEY-1\w{20,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})",
        ),
        ("a URL with a password", r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:(?P<secret>[^\s/@'\"]+)@"),
        ("the hash of a password", r"\$(?:1|2[abxy]|5|6|7|y|gy|argon2id?)\$(?:[\w./=,+-]+\$){0,4}[\w./+-]{20,}"),
        ("the hash of a password", r"\$A\$\d{3}\$\S{12,}"),
        ("a password in SQL", rf"(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?P<secret>{_QUOTED})"),
        (
            "a login in a header",
            r"(?i)\bauthorization[\"']?\s*:\s*[\"']?(?:basic|bearer|token)\s+(?P<secret>[^\s'\"]+)",
        ),
        (
            "a password on a command line",
            rf"\b(?:mysql\w*|mariadb\w*)\b[^\n|;&]*?\s-p(?P<secret>[^\s'\"-]\S*|{_QUOTED})",
        ),
        ("a password on a command line", r"\bsshpass\s+-p\s*(?P<secret>\S+)"),
        ("a password on a command line", r"\s(?:-u|--user)[ =]?[\"']?[\w.@-]+:(?P<secret>[^\s'\"]+)"),
        ("a login's password", r"\becho\s+[\"']?[\w.-]+:(?P<secret>[^\s'\"|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd\b"),
        ("a login's password", r"\bchpasswd:\s*\n(?:[ \t]+.*\n)*?[ \t]+list:\s*[|>-]*\s*[\w.-]+:(?P<secret>\S+)"),
        (
            "the value of a password, token or key",
            r"(?i)(?P<key>password|passwd|passphrase|(?<![a-z])pass|(?<=_)pwd|secret|(?:secret|access|api)[_-]?key|token)"
            rf"[\"']?[ \t]*(?:=>?|:(?![:/]))[ \t]*(?P<secret>{_QUOTED}|[^\s\"',;|&)]+)",
        ),
    )
)
"""Forms of secrets by kind; where a group is named `secret`, that is the word that may be a placeholder or allowed."""


def entropy(word: str) -> float:
    """Return the bits that a letter of a word tells, from how often each is in it (Shannon)."""
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)


def unpacked(packed: str) -> str | None:
    """Return the text that is packed as base64, gzipped or not; None if it is none."""
    bare = re.sub(r"\s", "", packed)
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return None
    if raw.startswith(b"\x1f\x8b"):
        return _gunzipped(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if all(letter.isprintable() or letter in "\t\r\n" for letter in text) else None


def _gunzipped(raw: bytes) -> str | None:
    try:
        opened = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(raw, UNPACKED)
    except (zlib.error, gzip.BadGzipFile):
        return None
    return opened.decode(errors="replace")


def _stands_for_another(secret: str, key: str) -> bool:
    """Tell whether a word is filled in later, or is code that passes the value on (password=user.password)."""
    return bool(PLACEHOLDER.fullmatch(secret)) or secret.lower().rpartition(".")[2] == key.lower() != ""


def _words(line: str) -> Iterator[str]:
    """Yield the words of a line that a secret could be: a path's parts, what stands behind an `=`, and all others."""
    for match in WORD.finditer(line):
        word = match[0].rstrip("=")
        in_path = word.startswith("/") or line[: match.start()].endswith(".")
        parts = word.split("/") if in_path else [word]
        for part in parts:
            yield from part.split("=")


def _nameless(word: str) -> list[str]:
    return [part for part in re.split(r"[-_/+]", word) if not NAME.fullmatch(part)]


def _blanked(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    for pattern in patterns:
        text = pattern.sub(lambda match: _space(match[0]), text)
    return text


def _space(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)

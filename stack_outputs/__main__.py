"""Prints docs/outputs.md, made from the contract, the forms and page.md; with --write, writes it.

Usage: python -m stack_outputs [--write], in the project's folder.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from scripts.host.constants import CA_FILE, MYSQL_PORT
from stack_outputs import contract, forms
from stack_outputs.forms import Login

PAGE = "docs/outputs.md"
SHOWN = Login("app", "s3cret", "10.20.0.10", MYSQL_PORT, "app")
TEXT = Path(__file__).with_name("page.md")
"""The page but for what comes from the contract and the forms, which stands there as @NAME@."""


def page() -> str:
    """Return the page."""
    rows = [f"| `{output.name}` | {output.words} | {output.description} |" for output in contract.OUTPUTS]
    values = {
        "OUTPUTS": "\n".join(["| output | type | |", "| --- | --- | --- |", *rows]),
        "VERSION": str(contract.VERSION),
        "GO_TLS_CONFIG": forms.GO_TLS_CONFIG,
        "CA_FILE": CA_FILE,
        **{form.name: indent(form.write(SHOWN).rstrip(), "    ") for form in forms.FORMS},
    }
    text = TEXT.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def main(arguments: Sequence[str]) -> int:
    """Print or write the page; return the exit code."""
    if list(arguments) == ["--write"]:
        Path(PAGE).write_text(page())
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    print(page(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

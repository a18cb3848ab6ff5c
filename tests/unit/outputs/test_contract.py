"""The table of outputs, and the page that is made from it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from textwrap import indent

import pytest

from stack_outputs import contract, forms
from stack_outputs.__main__ import PAGE, SHOWN, main, page
from tests import PROJECT_ROOT

NAMES = [output.name for output in contract.OUTPUTS]


def test_names_are_snake_case_and_each_there_once() -> None:
    assert [name for name in NAMES if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("output", contract.OUTPUTS, ids=lambda output: output.name)
def test_a_description_is_one_sentence_that_says_when_the_output_is_null(output: contract.Output) -> None:
    assert output.description.endswith(".") and ". " not in output.description
    assert ("null" in output.description) == (output.nullable or output.type is contract.Type.STRINGS_OR_NULLS)


def test_every_form_is_a_secret_table() -> None:
    tables = {output.name for output in contract.OUTPUTS if output.type is contract.Type.TABLE and output.secret}
    assert tables == {prefix + form.output for form in forms.FORMS for prefix in ("", forms.READ)}


def test_the_names_of_the_contract_pass() -> None:
    contract.check_names(dict.fromkeys(NAMES))


def test_other_names_are_told() -> None:
    exported = [name for name in NAMES if name not in ("mysql_host", "jump_host")] + ["mysql_hosts"]
    with pytest.raises(ValueError, match=r"jump_host is missing, mysql_host is missing, mysql_hosts is not in"):
        contract.check_names(exported)


def test_the_page_is_up_to_date() -> None:
    assert (PROJECT_ROOT / PAGE).read_text() == page(), "python -m stack_outputs --write makes it anew"


def test_the_page_is_printed_and_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    assert main([]) == 0 and capsys.readouterr().out == page()
    assert not (tmp_path / PAGE).exists()
    assert main(["--write"]) == 0 and capsys.readouterr().out == ""
    assert (tmp_path / PAGE).read_text() == page()


def test_the_page_has_every_output_and_how_each_form_looks() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page(), re.MULTILINE)
    assert rows[: len(NAMES)] == NAMES
    for form in forms.FORMS:
        assert indent(form.write(SHOWN), "    ") in page()


def test_what_others_install_is_of_the_contracts_version() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
    assert project["project"]["version"].split(".")[0] == str(contract.VERSION)

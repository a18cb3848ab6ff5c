"""`preview-report` as its reader meets it: the report, the gates, what is refused, and no secret in anything."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.__main__ import main
from scripts.preview.digest import read
from scripts.preview.report import Report
from scripts.redaction import Redaction
from scripts.stack import PROJECT_ROOT, OperatorError
from tests.unit.preview.steps import CLIENT, COMMAND, IN, INSTANCE, OWN, ROOT, printed, rule, step

CANARY = "Canary-vUx7/+é"
SIGNED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
Done = tuple[int, str, str]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the exit code, standard output and error of the verb on a preview."""

    def run(previewed: str, *words: str) -> Done:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(previewed.encode())))
        code = main(["preview-report", "-", *words])
        return (code, *capsys.readouterr())

    return run


DROP = step("update", f"{OWN}MySqlDatabase", "database-a", {"name": "a", "drop": False}, {"name": "a", "drop": True})
OPENED = step("create", IN, "r", None, rule("sg-0123"))
CLOSED = step("delete", IN, "s", rule("10.1.0.0/16", 22))
KEPT = step("same", IN, "k", rule("firewall-client"), rule("firewall-client"))
MEMBER = {"groups": {"vpcSecurityGroupIds": ["firewall-client"]}}
HOSTS = step("same", CLIENT, "client-1-instance", MEMBER, MEMBER)
TAGS = step("update", INSTANCE, "server-instance", {"tags": {"a": "1"}}, {"tags": {"a": "2"}})


def test_a_preview_without_changes_is_one_line(report: Any) -> None:
    assert report(printed(KEPT, HOSTS)) == (0, "**Nothing changes** in stack `dev`.\n", "")


OF_BACKUPS = f"{OWN}Backups"
TURNED_OFF = step("update", OF_BACKUPS, "backups", {"retentionDays": 7}, {"retentionDays": 0})
KEPT_FOR_LESS = step("update", OF_BACKUPS, "backups", {"retentionDays": 7}, {"retentionDays": 3})
BUCKET = step("delete", f"{OF_BACKUPS}${OWN}BackupBucket$aws:s3/bucket:Bucket", "backups-bucket", {})
LEFT = {**BUCKET, "oldState": {**BUCKET["oldState"], "retainOnDelete": True}}


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ([TURNED_OFF], "Backups are turned off"),
        ([TURNED_OFF, LEFT], "Backups are turned off, the bucket of backups is left behind"),
        ([TURNED_OFF, BUCKET], "Backups are turned off, backups are lost"),
        ([KEPT_FOR_LESS], "Backups are lost"),
        ([KEPT_FOR_LESS, DROP], "Backups are lost, data is lost"),
        ([step("create", OF_BACKUPS, "backups", None, {"retentionDays": 0})], "No backups"),
    ],
)
def test_the_verdict_tells_backups_from_data(report: Any, steps: list[Any], verdict: str) -> None:
    code, said, _ = report(printed(*steps), "--fail-on", "data-loss")
    assert said.partition(" Stack ")[0].rstrip("*.").removesuffix(", cost goes down") == f"**{verdict}"
    assert code == (0 if verdict == "No backups" else 3)


def test_a_mark_of_byte_order_is_no_fault(report: Any) -> None:
    assert report("\ufeff" + printed(KEPT))[0] == 0


def test_a_report_in_full(report: Any) -> None:
    code, said, _ = report(printed(KEPT, HOSTS, CLOSED, OPENED, DROP))
    assert code == 0
    assert said == (
        """\
**Data is lost, reach is opened.** Stack `dev`, resources: 1 created, 1 updated, 1 deleted.

### Data at risk

- Database `a` is dropped, **with everything in it**: `drop` `false` → `true`.

### Exposure

- **Opened:** `sg-0123` gains reach to `firewall-server` on tcp 3306.
- Closed: `10.1.0.0/16` loses reach to `firewall-server` on tcp 22.

Before (what closes is dotted):

```mermaid
flowchart LR
    n0["10.1.0.0/16"]
    subgraph groups["security groups"]
        n1["firewall-client<br/>client-1"]
        n2["firewall-server"]
    end
    n0 -. "tcp 22" .-> n2
    n1 -- "tcp 3306" --> n2
```

After (what opens is thick):

```mermaid
flowchart LR
    n0["sg-0123"]
    subgraph groups["security groups"]
        n1["firewall-client<br/>client-1"]
        n2["firewall-server"]
    end
    n1 -- "tcp 3306" --> n2
    n0 == "tcp 3306" ==> n2
```

### Downtime

None is to be expected.

<details><summary>Every change (3)</summary>

| | resource | type | properties |
| --- | --- | --- | --- |
| updated | `database-a` | `MySqlDatabase` | `drop` |
| created | `r` | `SecurityGroupIngressRule` |  |
| deleted | `s` | `SecurityGroupIngressRule` |  |

</details>
"""
    )


def test_the_report_in_the_readme_is_one_that_the_lab_made() -> None:
    golden = (PROJECT_ROOT / "tests" / "lab" / "golden_reports" / "a_security_group_admitted.md").read_text()
    quoted = "\n".join(f"> {line}".rstrip() for line in golden.splitlines())
    assert quoted in (PROJECT_ROOT / "README.md").read_text()


def test_a_change_that_nobody_has_to_fear(report: Any) -> None:
    said = report(printed(TAGS))[1]
    assert said.startswith("**Nothing is at risk.** Stack `dev`, resources: 1 updated.\n\n### Downtime\n\nNone")
    assert "Exposure" not in said and "mermaid" not in said


def test_a_preview_without_what_stays_says_that_its_picture_is_a_part(report: Any) -> None:
    assert "Drawn are the rules that change alone" in report(printed(OPENED))[1]
    assert "Drawn are the rules that change alone" not in report(printed(OPENED, KEPT))[1]


def test_a_name_cannot_break_out_of_the_picture(report: Any) -> None:
    said = report(printed(step("create", IN, "r", None, rule('sg-"]<script>`'))))[1]
    assert '["sg-#quot;]#lt;script#gt;#96;"]' in said


def test_warnings_of_the_engine_are_folded(report: Any) -> None:
    warned = [{"severity": "warning", "message": "warning: old\n| plugin"}, {"severity": "info", "message": "hello"}]
    said = report(printed(diagnostics=warned))[1]
    assert said.startswith("**Nothing changes** in stack `dev`; the engine has warnings.")
    assert "- `warning: old`\n- `¦ plugin`" in said and "hello" not in said


@pytest.mark.parametrize(
    ("steps", "gates", "code", "stops"),
    [
        ([DROP], "data-loss", 3, "data-loss"),
        ([DROP], "exposure", 0, ""),
        ([OPENED], "exposure", 3, "exposure"),
        ([OPENED], "data-loss", 0, ""),
        ([CLOSED], "data-loss,exposure", 0, ""),
        ([DROP, OPENED], "exposure, data-loss", 3, "data-loss, exposure"),
        ([TAGS], "data-loss,exposure", 0, ""),
        ([], "data-loss,exposure", 0, ""),
    ],
)
def test_fail_on_stops_by_exit_code_with_the_report_printed(
    report: Any, steps: list[Any], gates: str, code: int, stops: str
) -> None:
    done = report(printed(*steps), "--fail-on", gates)
    assert done[0] == code and done[1] == report(printed(*steps))[1]
    assert done[2] == (f"scripts preview-report: stopped by --fail-on: {stops}\n" if stops else "")


@pytest.mark.parametrize("words", ["", "data", "data-loss;exposure", "exposure,everything"])
def test_a_gate_that_there_is_not_is_refused(report: Any, words: str) -> None:
    code, _, told = report(printed(DROP), "--fail-on", words)
    assert code == 2 and "data-loss, exposure" in told


@pytest.mark.parametrize(
    "lines",
    [
        "Installing policy pack mysql-pair v1.0.0...\n\n",
        "warning: A new version of Pulumi is available.\n[policy] {ready}\n",
        "{this is no JSON either}\n",
    ],
)
def test_lines_that_the_cli_prints_before_the_preview_are_passed_over(report: Any, lines: str) -> None:
    assert report(lines + printed(OPENED)) == report(printed(OPENED))
    indented = json.dumps(json.loads(printed(OPENED)), indent=4)
    assert report(lines + indented) == report(printed(OPENED))
    assert "no JSON, or cut off" in report(lines + indented[:-30])[2]
    assert "several JSON documents" in report(lines + indented + lines + indented)[2]


FAILED = [{"severity": "error", "message": "error: the config has 1 fault(s)"}]
BAD = [
    ("an empty file", "", "the preview is empty"),
    ("blanks", " \n", "the preview is empty"),
    ("a preview that failed", printed(TAGS, diagnostics=FAILED), "the preview failed"),
    ("one that failed before the first step", json.dumps({"steps": None, "diagnostics": FAILED}), "has 1 fault(s)"),
    ("one that was cut off", printed(TAGS)[:-30], "no JSON, or cut off"),
    ("what is shown on a terminal", "Previewing update (dev):", "no JSON, or cut off (line 1)"),
    ("a stream of events", '{"sequence": 1}\n{"sequence": 2}', "Unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW"),
    ("a log line that is JSON, and a preview", '{"level": "warn"}\n' + printed(TAGS), "several JSON documents"),
    ("lines alone", "Installing policy pack...\nerror: none\n", "no JSON, or cut off"),
    ("two previews", printed(TAGS) + printed(TAGS), "several JSON documents"),
    ("a list", "[]", "it is no object"),
    ("another tool's", '{"resource_changes": [], "changeSummary": {}}', "`steps` is not a list of objects"),
    ("steps of another form", json.dumps({"steps": ["create"], "changeSummary": {}}), "`steps` is not a list"),
    ("no steps", json.dumps({"steps": [], "changeSummary": {}}), "it has no steps"),
    ("no summary", json.dumps({"steps": [{"op": "same", "urn": ROOT}]}), "did not come to its end"),
    ("a corrupt one", printed(TAGS, maybeCorrupt=True), "did not come to its end"),
    ("a step without a URN", printed({"op": "create"}), "a step has no URN"),
    ("a URN of another form", printed({"op": "create", "urn": "urn:pulumi:a"}), "a step has no URN"),
    ("an op of another engine", printed({"op": "repair", "urn": ROOT}), "does 'repair' to mysql-pair-dev"),
    ("a change without its states", printed({**DROP, "oldState": None}), "does not say from what to what"),
    ("a state of another form", printed({"op": "create", "urn": ROOT, "newState": [1]}), "`newState` of"),
]  # fmt: skip


@pytest.mark.parametrize(("previewed", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_no_basis_for_a_report_is_told_in_words(report: Any, previewed: str, words: str) -> None:
    code, said, told = report(previewed)
    assert (code, said) == (2, ""), "never half a report"
    assert told.startswith("scripts preview-report: ") and words in told and "Traceback" not in told


WEIRD: list[Any] = [None, True, "x", "a::b::c::d", [], {}, [None], {"a": None}, [{"a": 1}]]


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Give the path of everything in a document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*path, key)
        yield from places(value[key], *path, key)


def test_whatever_is_of_another_form_it_is_a_report_or_words_never_a_trace() -> None:
    document = json.loads(printed(KEPT, HOSTS, *leaky("replace")[2:5], TAGS, diagnostics=SAID))
    outcomes = Counter[str]()
    for path in list(places(document)):
        inner = document
        for key in path[:-1]:
            inner = inner[key]
        kept = inner[path[-1]]
        for weird in WEIRD:
            inner[path[-1]] = weird
            try:
                Report(read(json.dumps(document))).markdown()
                outcomes["reported"] += 1
            except OperatorError:
                outcomes["refused"] += 1
            except Exception as error:
                raise AssertionError(f"{path} = {weird!r}") from error
        inner[path[-1]] = kept
    assert outcomes["reported"] > 500 and outcomes["refused"] > 100, outcomes


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview-report", "/nowhere/preview.json"]) == 2
    assert capsys.readouterr().err == (
        "scripts preview-report: /nowhere/preview.json cannot be read: No such file or directory\n"
    )


def test_a_file_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "preview.json").write_bytes(b"\xff\xfe")
    assert main(["preview-report", str(tmp_path / "preview.json")]) == 2
    assert "is no text in UTF-8" in capsys.readouterr().err


def sealed(text: str) -> dict[str, str]:
    return {**SIGNED, "plaintext": json.dumps(text)}


def leaky(op: str) -> list[Any]:
    """Return steps with a secret in every place that one may be in, in plain, as `--show-secrets` would have them."""
    commands: dict[str, Any] = {
        "stdin": CANARY, "connection": {"host": "h", "password": CANARY, "privateKey": CANARY},
        "environment": {"PASSWORD": CANARY}, "triggers": [CANARY], "create": f"mysql -p{CANARY}",
    }  # fmt: skip
    document = {"stdin": json.dumps({"users": [{"key": "ann", "password": CANARY}]})}
    user = {"key": "ann", "password": CANARY, "comment": sealed(CANARY), "grants": {"a.*": sealed(CANARY)}}
    host = {"userData": f"#cloud-config {CANARY}", "instanceType": sealed(CANARY), "privateIp": sealed(CANARY)}
    server = {"settings": {"back_log": sealed(CANARY), "authentication_ldap_password": CANARY, "sealed": SIGNED}}
    resources: list[tuple[str, str, dict[str, Any]]] = [
        (COMMAND, "c", commands), (COMMAND, "accounts-applied", document), (f"{OWN}MySqlUser", "user-ann", user),
        (INSTANCE, "server-instance", host), (f"{OWN}MySqlServer", "server", server),
        (IN, "r", rule("10.0.0.0/8", description=CANARY)), (IN, "s", {**rule(None), "cidrIpv4": sealed(CANARY)}),
        (f"{OWN}MySqlAccounts", "accounts", {"connection_strings": {"ann": f"mysql://ann:{CANARY}@h"}}),
        (f"{OWN}MySqlDatabase", "database-x", {"name": sealed(CANARY), "drop": True}),
    ]  # fmt: skip
    before = {"create": None, "delete": True}.get(op, True)
    steps = []
    for kind, name, inputs in resources:
        other = {key: [each, "other"] for key, each in inputs.items() if key not in ("groups", "drop")}
        old = {**inputs, **other} if op in ("update", "replace") else inputs
        made = step(op, kind, name, old if before else None, None if op == "delete" else inputs)
        made["replaceReasons"] = [key for key in inputs if key != "groups"] if op == "replace" else []
        made["detailedDiff"] = {key: {"kind": "update"} for key in inputs if key != "groups"}
        for state in ("oldState", "newState"):
            if state in made:
                made[state]["outputs"] = {"stdout": CANARY, "password": sealed(CANARY), "urls": [sealed(CANARY)]}
        steps.append(made)
    return steps


CONFIG = {"mysql-pair:userPasswords": {"ann": CANARY}}
SAID = [{"severity": severity, "message": f"{severity}: 'ann' with {CANARY}"} for severity in ("warning", "info")]


@pytest.mark.parametrize("op", ["create", "update", "replace", "delete"])
def test_no_secret_is_in_a_report_whatever_the_engine_masks(report: Any, op: str) -> None:
    previewed = printed(*leaky(op), config=CONFIG, diagnostics=SAID)
    assert previewed.count(json.dumps(CANARY)[1:-1]) > 20, "there is something to find"
    code, said, told = report(previewed)
    assert code == 0 and "Every change (9)" in said
    assert "Canary" not in said + told


@pytest.mark.parametrize("op", ["create", "update", "replace", "delete"])
def test_what_is_shown_has_no_secret_even_without_the_last_look(
    report: Any, op: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redaction, "apply", lambda _redaction, text: text)
    code, said, _ = report(printed(*leaky(op), config=CONFIG))
    assert code == 0 and "Every change (9)" in said
    assert "Canary" not in said


def test_no_secret_is_in_what_is_said_of_a_failed_preview(report: Any) -> None:
    errors = [{"severity": "error", "message": f"error: ERROR 1045 with '{CANARY}'"}]
    code, said, told = report(printed(*leaky("update"), config=CONFIG, diagnostics=errors))
    assert (code, said) == (2, "") and "ERROR 1045" in told and "Canary" not in told

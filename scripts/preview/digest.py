"""Reads what `pulumi preview --json` printed into typed steps, or says in words why it is no basis for a report.

The form is that of pkg/backend/display (json.go, PreviewDigest) of pulumi 3. Resources that stay as they are, are in it
with `--show-sames` only. Policy violations are in none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policy.rules.resource import STACK, Resource, is_urn, name_of, types_of
from scripts.drift import changed as differences
from scripts.redaction import Redaction, masked
from scripts.stack import OperatorError

REPLACING = {"replace", "create-replacement", "delete-replaced", "import-replacement"}
QUIET = {"same", "read", "read-replacement", "read-discard", "discard-replaced", "refresh", "remove-pending-replace"}
OWN = "it is not what `pulumi preview --json` of pulumi 3 prints: "


class Op(StrEnum):
    """What happens to a resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


OPS = {"create": Op.CREATE, "import": Op.CREATE, "update": Op.UPDATE, "delete": Op.DELETE, "discard": Op.DELETE}
OPS |= dict.fromkeys(REPLACING, Op.REPLACE) | dict.fromkeys(QUIET, Op.SAME)


@dataclass(frozen=True)
class Step:
    """What happens to one resource."""

    op: Op
    urn: str
    before: Resource | None = None
    """It as it is: its inputs, secrets masked."""
    after: Resource | None = None
    paths: tuple[str, ...] = ()
    """Paths of the inputs that differ, found before secrets were masked; the engine may have done so earlier."""
    reasons: tuple[str, ...] = ()
    """Paths of the properties that make it a replacement."""

    @property
    def chain(self) -> list[str]:
        """The types of the components around it, from the outermost, and then its own."""
        return types_of(self.urn)

    @property
    def changed(self) -> list[str]:
        """The names of the inputs that differ."""
        return sorted({root(path) for path in self.paths})

    @property
    def kind(self) -> str:
        """Its whole type: aws:ec2/instance:Instance."""
        return self.chain[-1]

    @property
    def type(self) -> str:
        """The last part of its type: Instance, MySqlUser."""
        return self.kind.split(":")[-1]

    @property
    def owner(self) -> str:
        """The name of the component that it is a part of, such as a host's; its own if it is a part of none."""
        resource = self.after or self.before
        return resource.owner if resource else self.name

    @property
    def name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

    def inside(self, component: str) -> bool:
        """Tell whether it belongs to a component of that type."""
        return any(kind.split(":")[-1] == component for kind in self.chain[:-1])

    @property
    def old(self) -> Mapping[str, Any]:
        """Its inputs before, none if it was not there."""
        return self.before.props if self.before else {}

    @property
    def new(self) -> Mapping[str, Any]:
        """Its inputs after, none if it will not be there."""
        return self.after.props if self.after else {}


@dataclass(frozen=True)
class Preview:
    """A preview that ended well."""

    stack: str
    steps: Sequence[Step]
    """All but the stack itself, by name: their order in a preview is another each time."""
    complete: bool
    """Whether resources that stay as they are, are among them."""
    warnings: Sequence[str]
    redaction: Redaction

    @property
    def changes(self) -> list[Step]:
        """The steps that change something."""
        return [step for step in self.steps if step.op is not Op.SAME]


def read(text: str) -> Preview:
    """Read a preview.

    Args:
        text: what `pulumi preview --json` printed.

    Raises:
        OperatorError: it is empty, failed, or in another form.
    """
    document = _document(text)
    redaction = Redaction(document)
    diagnostics = _entries(document, "diagnostics", required=False)
    errors, warnings = (_messages(diagnostics, severity) for severity in ("error", "warning"))
    if errors:
        raise OperatorError(redaction.apply("the preview failed, so there is nothing to report:\n" + "\n".join(errors)))
    if "changeSummary" not in document or document.get("maybeCorrupt"):
        raise OperatorError("the preview did not come to its end: there is no summary of changes in it")
    steps = list(_folded(_step(raw) for raw in _entries(document, "steps")))
    if not steps:
        raise OperatorError(f"{OWN}it has no steps, not even the stack's own")
    for step in steps:
        _require_states(step)
    own = sorted((step for step in steps if step.kind != STACK), key=lambda step: (step.name, step.urn))
    return Preview(
        stack=steps[0].urn.split("::")[0].removeprefix("urn:pulumi:"),
        steps=own,
        complete=any(step.op is Op.SAME for step in own),
        warnings=warnings,
        redaction=redaction,
    )


def _messages(diagnostics: Sequence[Mapping[str, Any]], severity: str) -> list[str]:
    return [str(entry.get("message", "")).strip() for entry in diagnostics if entry.get("severity") == severity]


def _require_states(step: Step) -> None:
    """Refuse a change that comes without its states: it would be missing from the report."""
    needs_before, needs_after = step.op in (Op.UPDATE, Op.REPLACE, Op.DELETE), step.op not in (Op.SAME, Op.DELETE)
    if (needs_before and not step.before) or (needs_after and not step.after):
        raise OperatorError(f"{OWN}{step.name} is to be changed ({step.op}), and it does not say from what to what")


def root(path: str) -> str:
    """Return the property that a path begins with."""
    return path.split(".")[0].split("[")[0]


def _document(text: str) -> dict[str, Any]:
    """Return the one JSON object in a text; the CLI may have printed lines before it."""
    if not text.strip():
        raise OperatorError("the preview is empty: `pulumi` printed nothing, its standard error says why")
    try:
        document, end = _first_object(text)
    except json.JSONDecodeError as error:
        raise OperatorError(
            f"the preview is no JSON, or cut off (line {error.lineno}): run `pulumi preview --json`"
        ) from None
    if text[end:].strip():
        raise OperatorError(
            f"{OWN}it is several JSON documents. Unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW, and write nothing "
            "but the preview's standard output into the file"
        )
    if not isinstance(document, dict):
        raise OperatorError(f"{OWN}it is no object")
    return document


def _first_object(text: str) -> tuple[Any, int]:
    """Return the first object that begins a line, or whatever the text begins with; and where that ends."""
    decoder = json.JSONDecoder()
    for line in re.finditer(r"^\{", text, re.MULTILINE):
        try:
            return decoder.raw_decode(text, line.start())
        except json.JSONDecodeError:
            continue
    return decoder.raw_decode(text)


def _entries(document: Mapping[str, Any], key: str, required: bool = True) -> list[dict[str, Any]]:
    entries = document.get(key)
    if entries is None and not required:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise OperatorError(f"{OWN}`{key}` is not a list of objects")
    return entries


def _step(raw: Mapping[str, Any]) -> Step:
    op, urn = raw.get("op"), raw.get("urn")
    if not isinstance(urn, str) or not is_urn(urn):
        raise OperatorError(f"{OWN}a step has no URN")
    if not isinstance(op, str) or op not in OPS:
        raise OperatorError(f"{OWN}nothing is known of a step that does {op!r} to {name_of(urn)}")
    states = [_table(raw, key, urn) for key in ("oldState", "newState")]
    old, new = (_table(state, "inputs", urn) for state in states)
    detailed = _table(raw, "detailedDiff", urn)
    paths = {path for path, _, _ in differences(old, new)} | {*detailed}
    replacing = [path for path in detailed if str(_table(detailed, path, urn).get("kind", "")).endswith("replace")]
    before, after = (_resource(urn, state) if state else None for state in states)
    return Step(
        OPS[op],
        urn,
        before if OPS[op] is not Op.CREATE else None,
        after if OPS[op] is not Op.DELETE else None,
        tuple(sorted(paths)) if OPS[op] in (Op.UPDATE, Op.REPLACE) else (),
        tuple(sorted({*replacing, *_texts(raw, "replaceReasons", urn)})),
    )


def _resource(urn: str, state: Mapping[str, Any]) -> Resource:
    inputs, parent = masked(_table(state, "inputs", urn)), str(state.get("parent"))
    return Resource(types_of(urn)[-1], urn, inputs, sources=_sources(state, urn), parent=parent)


def _sources(state: Mapping[str, Any], urn: str) -> dict[str, list[str]]:
    sources = _table(state, "propertyDependencies", urn)
    return {key: [source for source in _texts(sources, key, urn) if is_urn(source)] for key in sources}


def _texts(of: Mapping[str, Any], key: str, urn: str) -> list[str]:
    texts = of.get(key) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise OperatorError(f"{OWN}`{key}` of {name_of(urn)} is not a list of texts")
    return texts


def _table(of: Mapping[str, Any], key: str, urn: str) -> dict[str, Any]:
    table = of.get(key) or {}
    if not isinstance(table, dict):
        raise OperatorError(f"{OWN}`{key}` of {name_of(urn)} is no object")
    return table


def _folded(steps: Iterator[Step]) -> Iterator[Step]:
    """Give one step a resource: `--show-replacement-steps` has three for one that is replaced."""
    by_resource: dict[tuple[str, bool], Step] = {}
    for step in steps:
        key = step.urn, step.op is Op.DELETE  # what an interrupted run left behind is deleted beside its successor
        former = by_resource.get(key)
        if former is None or former.op is Op.SAME:
            by_resource[key] = step
        elif step.op is not Op.SAME:
            by_resource[key] = Step(
                Op.REPLACE if Op.REPLACE in (former.op, step.op) else step.op,
                step.urn,
                former.before or step.before,
                step.after or former.after,
                tuple(sorted({*former.paths, *step.paths})),
                tuple(sorted({*former.reasons, *step.reasons})),
            )
    yield from by_resource.values()

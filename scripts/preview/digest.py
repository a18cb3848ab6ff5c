"""Reads what `pulumi preview --json` printed into typed steps, or says in words why it is no basis for a report.

The form is that of pkg/backend/display (json.go, PreviewDigest) of pulumi 3. Resources that stay as they are, are in it
with `--show-sames` only. Policy violations are in none.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from policy.rules.resource import STACK, Resource, is_urn, name_of, types_of
from scripts.cloud_drift import changed as differences
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


@dataclass(frozen=True, kw_only=True)
class Step(Resource):
    """A resource, as it will be or, if it goes, as it was; and what happens to it."""

    op: Op
    before: Resource | None
    """As it is, secrets masked; None if it was not there."""
    after: Resource | None
    retained: bool = False
    """Whether Pulumi leaves it there when it goes."""
    paths: tuple[str, ...]
    """Paths of the inputs that differ, found before secrets were masked; the engine may have done so earlier."""
    reasons: tuple[str, ...]
    """Paths of the properties that make it a replacement."""

    @property
    def changed(self) -> list[str]:
        """The names of the inputs that differ."""
        return sorted({root(path) for path in self.paths})

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
    warnings: Sequence[str]
    redaction: Redaction

    @property
    def changes(self) -> list[Step]:
        """The steps that change something."""
        return [step for step in self.steps if step.op is not Op.SAME]

    @property
    def complete(self) -> bool:
        """Whether resources that stay as they are, are among the steps."""
        return len(self.changes) < len(self.steps)


def read(text: str) -> Preview:
    """Read what `pulumi preview --json` printed.

    Raises:
        OperatorError: it is empty, failed, or in another form.
    """
    document = _document(text)
    redaction = Redaction(document)
    diagnostics = _entries(document, "diagnostics") if document.get("diagnostics") is not None else []
    errors, warnings = (
        [str(entry.get("message", "")).strip() for entry in diagnostics if entry.get("severity") == severity]
        for severity in ("error", "warning")
    )
    if errors:
        raise OperatorError(redaction.apply("the preview failed, so there is nothing to report:\n" + "\n".join(errors)))
    if "changeSummary" not in document or document.get("maybeCorrupt"):
        raise OperatorError("the preview did not come to its end: there is no summary of changes in it")
    steps = _folded(_step(raw) for raw in _entries(document, "steps"))
    if not steps:
        raise OperatorError(f"{OWN}it has no steps, not even the stack's own")
    for step in steps:
        _require_states(step)
    stack = steps[0].urn.split("::")[0].removeprefix("urn:pulumi:")
    own = sorted((step for step in steps if step.type != STACK), key=lambda step: (step.name, step.urn))
    return Preview(stack, own, warnings, redaction)


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


def _entries(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise OperatorError(f"{OWN}`{key}` is not a list of objects")
    return entries


def _step(raw: Mapping[str, Any]) -> Step:
    name, urn = raw.get("op"), raw.get("urn")
    if not isinstance(urn, str) or not is_urn(urn):
        raise OperatorError(f"{OWN}a step has no URN")
    if not isinstance(name, str) or name not in OPS:
        raise OperatorError(f"{OWN}nothing is known of a step that does {name!r} to {name_of(urn)}")
    op, old, new = OPS[name], _table(raw, "oldState", urn), _table(raw, "newState", urn)
    detailed = _table(raw, "detailedDiff", urn)
    paths = {path for path, _, _ in differences(_table(old, "inputs", urn), _table(new, "inputs", urn))} | {*detailed}
    replacing = [path for path in detailed if str(_table(detailed, path, urn).get("kind", "")).endswith("replace")]
    before, after = (_resource(urn, state) if state else None for state in (old, new))
    resource = after or before
    return Step(
        type=types_of(urn)[-1],
        urn=urn,
        props=resource.props if resource else {},
        parent=resource.parent if resource else "",
        op=op,
        before=before if op is not Op.CREATE else None,
        after=after if op is not Op.DELETE else None,
        retained=old.get("retainOnDelete") is True,
        paths=tuple(sorted(paths)) if op in (Op.UPDATE, Op.REPLACE) else (),
        reasons=tuple(sorted({*replacing, *_texts(raw, "replaceReasons", urn)})),
    )


def _resource(urn: str, state: Mapping[str, Any]) -> Resource:
    inputs, parent = masked(_table(state, "inputs", urn)), str(state.get("parent"))
    dependencies = _table(state, "propertyDependencies", urn)
    sources = {key: [source for source in _texts(dependencies, key, urn) if is_urn(source)] for key in dependencies}
    return Resource(types_of(urn)[-1], urn, inputs, sources=sources, parent=parent)


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


def _folded(steps: Iterable[Step]) -> list[Step]:
    """Give one step a resource: `--show-replacement-steps` has three for one that is replaced."""
    by_resource: dict[tuple[str, bool], Step] = {}
    for step in steps:
        key = step.urn, step.op is Op.DELETE  # what an interrupted run left behind is deleted beside its successor
        former = by_resource.get(key)
        if former is None or former.op is Op.SAME:
            by_resource[key] = step
        elif step.op is not Op.SAME:
            by_resource[key] = replace(
                step,
                op=Op.REPLACE if Op.REPLACE in (former.op, step.op) else step.op,
                before=former.before or step.before,
                after=step.after or former.after,
                paths=tuple(sorted({*former.paths, *step.paths})),
                reasons=tuple(sorted({*former.reasons, *step.reasons})),
            )
    return list(by_resource.values())

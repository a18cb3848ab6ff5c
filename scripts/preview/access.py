"""Access: whose accounts, privileges and passwords change. That they do, never to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.preview.digest import Op, Step, root
from scripts.preview.findings import Finding, change, code, names, table_of

KINDS = {"MySqlUser": "User", "MySqlRole": "Role"}
OPTION = "GRANT OPTION"
ALL = "ALL"
SENTENCES = {
    "name": ("is renamed: it keeps its password, **logins under the former name are refused**", True),
    "host": ("has **another host part**: logins from elsewhere are refused", True),
    "plugin": ("authenticates by another plugin", False),
    "password_lifetime_days": ("has another password lifetime", False),
    "require": ("has **another requirement on connections**: logins that do not meet it are refused", True),
    "generation": ("begins a rotation: a new password, and the old one is accepted until that is finished", False),
    "finished_generation": ("finishes its rotation: **the old password is no longer accepted**", True),
}
"""What is said of a user's attribute that changes, and whether that is severe: logins that work now are refused."""
IN_DETAIL = {"grants", "roles", "default_roles", "locked", "password", "key"}
"""Properties of which a function of their own tells, or the report's subject. All others are told by their names."""


def assess(steps: Sequence[Step]) -> list[Finding]:
    """Return what changes of users, roles and the operators' key; severe is what refuses logins that work now."""
    return [finding for step in steps if step.op is not Op.SAME for finding in _of(step)]


def _of(step: Step) -> Iterator[Finding]:
    kind = KINDS.get(step.type)
    if step.type == "KeyPair":
        yield Finding("The operators' ssh key changes.")
    elif kind:
        inputs = step.old or step.new
        subject = f"{kind} {code(str(inputs.get('key') or inputs.get('name') or step.name))}"
        for finding in _user(step) if kind == "User" else _role(step):
            yield Finding(f"{subject} {finding.words}.", finding.severe)


def _user(step: Step) -> Iterator[Finding]:
    if step.op is Op.CREATE:
        yield Finding("is made" + _granted(step))
    elif step.op is Op.DELETE:
        yield Finding("is **dropped**: its logins are refused from then on", severe=True)
    else:
        yield from _attributes(step)
        yield from _grants(step)
        yield from _roles(step)
        yield from _password(step)


def _role(step: Step) -> Iterator[Finding]:
    if step.op is Op.CREATE:
        yield Finding("is made" + _granted(step))
    elif step.op is Op.DELETE:
        yield Finding("is **dropped**")
    else:
        if "name" in step.changed:
            yield Finding("gets another name: it is made anew under that, and the former one is dropped")
        yield from _grants(step)


def _granted(step: Step) -> str:
    targets, roles = sorted(table_of(step.new, "grants")), sorted(_list(step.new, "roles"))
    parts = [f"privileges on {names(targets)}"] if targets else []
    parts += [f"role {names(roles)}"] if roles else []
    return f", with {' and '.join(parts)}" if parts else ", without privileges"


def _attributes(step: Step) -> Iterator[Finding]:
    for name, (words, severe) in SENTENCES.items():
        if name in step.changed:
            yield Finding(words, severe)
    if "locked" in step.changed:
        locked = step.new.get("locked") is True
        yield Finding("is **locked**: its logins are refused" if locked else "is unlocked", severe=locked)
    for path in step.paths:
        if root(path) not in IN_DETAIL | set(SENTENCES) and "[" not in path:
            yield Finding(f"changes: {change(step, path)}")


def _grants(step: Step) -> Iterator[Finding]:
    before, after = table_of(step.old, "grants"), table_of(step.new, "grants")
    for target in sorted({*before, *after}):
        if before.get(target) != after.get(target):
            yield Finding(
                f"has {_direction(before.get(target, {}), after.get(target, {}))} privileges on {code(target)}"
            )


def _direction(old: Any, new: Any) -> str:
    before, after = _privileges(old), _privileges(new)
    if before is None or after is None:
        return "**other**"
    if before < after or (ALL in after - before and OPTION not in before - after):
        return "**more**"
    if after < before or (ALL in before - after and OPTION not in after - before):
        return "fewer"
    return "**other**"


def _privileges(grant: Any) -> set[str] | None:
    """Return the privileges of a grant as components.mysql.accounts shows it; None if it is in another form."""
    if not isinstance(grant, Mapping):
        return None
    return {*_list(grant, "privileges"), *([OPTION] if grant.get("grant_option") is True else [])}


def _roles(step: Step) -> Iterator[Finding]:
    before, after = (set(_list(side, "roles")) for side in (step.old, step.new))
    if after - before:
        yield Finding(f"is **granted** role {names(sorted(after - before))}")
    if before - after:
        yield Finding(f"loses role {names(sorted(before - after))}")
    if "default_roles" in step.changed and before == after:
        yield Finding("has other roles active from the login on")


def _password(step: Step) -> Iterator[Finding]:
    before, after = ("password" in side for side in (step.old, step.new))
    if "generation" in step.changed:
        return
    if before != after:
        whose = "from config" if after else "of the stack's making"
        yield Finding(f"has a password {whose} from now on: **the one before is refused at once**", severe=True)
    elif before and not step.changed:
        # The engine masks both: where no property that shows is another, it is the password that is.
        yield Finding("has another password: **the one before is refused at once**", severe=True)
    elif before:
        yield Finding("has a password from config: whether that changes too, a preview does not show")


def _list(inputs: Mapping[str, Any], key: str) -> list[str]:
    values = inputs.get(key)
    return [str(item) for item in values] if isinstance(values, list) else []

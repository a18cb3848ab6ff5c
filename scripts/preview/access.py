"""Access: whose accounts, privileges and passwords change. That they do, never to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, code, names

KINDS = {"MySqlUser": "User", "MySqlRole": "Role"}
OPTION = " WITH GRANT OPTION"
ALL = "ALL"


def judge(steps: Sequence[Step]) -> list[Finding]:
    """Return what changes of users, roles and the operators' key; grave is what refuses logins that work now."""
    return [finding for step in steps if step.op is not Op.SAME for finding in _of(step)]


def _of(step: Step) -> Iterator[Finding]:
    kind = KINDS.get(step.type)
    if step.type == "KeyPair":
        yield Finding("The operators' ssh key is another one.")
    elif kind:
        subject = f"{kind} {code(step.name.removeprefix(f'{kind.lower()}-'))}"
        for said in _user(step) if kind == "User" else _role(step):
            yield Finding(f"{subject} {said.words}.", said.grave)


def _user(step: Step) -> Iterator[Finding]:
    if step.op is Op.CREATE:
        yield Finding("is made" + _granted(step))
    elif step.op is Op.DELETE:
        yield Finding("is **dropped**: its logins are refused from then on", grave=True)
    else:
        yield from _account(step)
        yield from _grants(step)
        yield from _roles(step)
        yield from _rotation(step)
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
    targets, roles = sorted(_table(step.new, "grants")), sorted(_list(step.new, "roles"))
    parts = [f"privileges on {names(targets)}"] if targets else []
    parts += [f"role {names(roles)}"] if roles else []
    return f", with {' and '.join(parts)}" if parts else ", without privileges"


def _account(step: Step) -> Iterator[Finding]:
    changed = step.changed
    if "name" in changed:
        words = "is renamed: it keeps its password, **logins under the former name are refused**"
        yield Finding(words, grave=True)
    if "host" in changed:
        yield Finding("has **another host part**: logins from elsewhere are refused", grave=True)
    if "locked" in changed:
        locked = step.new.get("locked") is True
        yield Finding("is **locked**: its logins are refused" if locked else "is unlocked", grave=locked)
    if "plugin" in changed:
        yield Finding("proves who it is by another authentication plugin")
    if "password_lifetime_days" in changed:
        yield Finding("has another password lifetime")


def _grants(step: Step) -> Iterator[Finding]:
    before, after = _table(step.old, "grants"), _table(step.new, "grants")
    for target in sorted({*before, *after}):
        if before.get(target) != after.get(target):
            direction = _direction(_privileges(before.get(target)), _privileges(after.get(target)))
            yield Finding(f"has {direction} privileges on {code(target)}")


def _direction(before: set[str], after: set[str]) -> str:
    if before < after or (ALL in after - before and OPTION not in before - after):
        return "**more**"
    if after < before or (ALL in before - after and OPTION not in after - before):
        return "fewer"
    return "**other**"


def _privileges(text: Any) -> set[str]:
    """Return privileges as components.mysql_grants shows them."""
    words = str(text or "")
    found = {each for each in words.removesuffix(OPTION).split(", ") if each}
    return found | ({OPTION} if words.endswith(OPTION) else set())


def _roles(step: Step) -> Iterator[Finding]:
    before, after = (set(_list(side, "roles")) for side in (step.old, step.new))
    if after - before:
        yield Finding(f"is **granted** role {names(sorted(after - before))}")
    if before - after:
        yield Finding(f"loses role {names(sorted(before - after))}")
    if "default_roles" in step.changed and before == after:
        yield Finding("has other roles active from the login on")


def _rotation(step: Step) -> Iterator[Finding]:
    if "generation" in step.changed:
        yield Finding("begins a rotation: a new password, and the old one is accepted until that is finished")
    if "finished_generation" in step.changed:
        yield Finding("finishes its rotation: **the old password is accepted no more**", grave=True)


def _password(step: Step) -> Iterator[Finding]:
    before, after = ("password" in side for side in (step.old, step.new))
    if "generation" in step.changed:
        return
    if before != after:
        whose = "from config" if after else "of the stack's making"
        yield Finding(f"has a password {whose} from now on: **the one before is refused at once**", grave=True)
    elif before and not step.changed:
        # The engine masks both: where no property that shows is another, it is the password that is.
        yield Finding("has another password: **the one before is refused at once**", grave=True)
    elif before:
        yield Finding("has a password from config: whether that changes too, a preview does not show")


def _table(inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = inputs.get(key)
    return found if isinstance(found, dict) else {}


def _list(inputs: Mapping[str, Any], key: str) -> list[str]:
    found = inputs.get(key)
    return [str(each) for each in found] if isinstance(found, list) else []

"""Access: whose accounts, privileges and passwords change. That they do, never to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, code, names

OPTION = " WITH GRANT OPTION"
ALL = "ALL"


def judge(steps: Sequence[Step]) -> list[Finding]:
    """Return what changes of users, roles and the operators' key."""
    return [Finding(f"{subject}{words}.") for step in steps for subject, words in _of(step)]


def _of(step: Step) -> Iterator[tuple[str, str]]:
    if step.type == "KeyPair" and step.op is not Op.SAME:
        yield "The operators' ssh key", " is another one"
    kind = {"MySqlUser": "User", "MySqlRole": "Role"}.get(step.type)
    if kind is None or step.op is Op.SAME:
        return
    subject = f"{kind} {code(step.name.removeprefix(f'{kind.lower()}-'))}"
    if step.op is Op.CREATE:
        yield subject, " is made" + _granted(step)
    elif step.op is Op.DELETE:
        yield subject, " is **dropped**" + (": its logins are refused from then on" if kind == "User" else "")
    else:
        for words in (*_account(step, kind), *_password(step)):
            yield subject, words


def _granted(step: Step) -> str:
    targets = sorted(_table(step.new, "grants"))
    roles = step.new.get("roles")
    parts = [f"privileges on {names(targets)}"] if targets else []
    parts += [f"roles {names(sorted(map(str, roles)))}"] if isinstance(roles, list) and roles else []
    return f", with {' and '.join(parts)}" if parts else ", without privileges"


def _account(step: Step, kind: str) -> Iterator[str]:
    old, new = step.old, step.new
    if old.get("name") != new.get("name"):
        yield (
            " is renamed: it keeps its password, logins under the former name are refused"
            if kind == "User"
            else " gets another name: it is made anew under that and the former one is dropped"
        )
    if old.get("host") != new.get("host"):
        yield " may log in from other hosts than before: its host part is another"
    before, after = _table(old, "grants"), _table(new, "grants")
    for target in sorted({*before, *after}):
        direction = _direction(before.get(target), after.get(target))
        if direction:
            yield f" has {direction} privileges on {code(target)}"
    yield from _roles(old.get("roles"), new.get("roles"))
    if old.get("default_roles") != new.get("default_roles") and old.get("roles") == new.get("roles"):
        yield " has other roles active from the login on"
    if old.get("locked") != new.get("locked"):
        yield " is **locked**: its logins are refused" if new.get("locked") else " is unlocked"
    if old.get("plugin") != new.get("plugin"):
        yield " proves who it is by another authentication plugin"
    if "password_lifetime_days" in step.changed:
        yield " has another password lifetime"


def _direction(old: Any, new: Any) -> str:
    """Return how privileges on a target change; empty if they do not."""
    if old == new:
        return ""
    before, after = _privileges(old), _privileges(new)
    if before < after or ALL in after - before:
        return "**more**"
    return "fewer" if after < before or ALL in before - after else "other"


def _privileges(text: Any) -> set[str]:
    words = str(text or "")
    found = {each for each in words.removesuffix(OPTION).split(", ") if each}
    return found | ({OPTION} if words.endswith(OPTION) else set())


def _roles(old: Any, new: Any) -> Iterator[str]:
    before, after = ({str(each) for each in side} if isinstance(side, list) else set() for side in (old, new))
    if after - before:
        yield f" is **granted** role {names(sorted(after - before))}"
    if before - after:
        yield f" loses role {names(sorted(before - after))}"


def _password(step: Step) -> Iterator[str]:
    old, new = step.old, step.new
    generation, former = new.get("generation"), old.get("generation")
    if generation != former:
        yield ": rotation begins. It gets a new password, and the old one is accepted until the rotation is finished"
    if old.get("finished_generation") != new.get("finished_generation"):
        yield ": rotation is finished. Its **old password is accepted no more**"
    given = [side for side in (old, new) if "password" in side]
    if len(given) == 1:
        whose = "of the stack's making" if given[0] is old else "from config"
        yield f" has a password {whose} from now on: **the one before is refused at once**"
    elif given and generation == former:
        # The engine shows both as the same word: if nothing else differs, it is the password that does.
        yield (
            " is unchanged but for its password: **the old one is refused at once**"
            if step.type == "MySqlUser" and not step.changed
            else " has a password from config: whether that changes too, a preview does not show"
        )


def _table(inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = inputs.get(key)
    return found if isinstance(found, dict) else {}

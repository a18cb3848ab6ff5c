"""Access: whose accounts, privileges and passwords change. That they do, never to what."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.host.accounts.spec import UserSpec
from scripts.host.common.codec import as_data
from scripts.preview.digest import Op, Step, root
from scripts.preview.findings import Finding, change, code, names, table_of

KINDS = {"MySqlUser": "User", "MySqlRole": "Role"}
OPTION = "GRANT OPTION"
ALL = "ALL"
UNSEEN = "whether they change too, a preview does not show"
MORE, FEWER, OTHER = "**more**", "fewer", "**other**"
ATTRIBUTES = {
    name: Finding(**row) for name, row in tomllib.loads(Path(__file__).with_name("access.toml").read_text()).items()
}
"""What is said of a user's attribute that changes."""
IN_DETAIL = {"grants", "roles", "default_roles", "locked", "password", "key", *ATTRIBUTES}
"""Properties of which there is more to say than name and value; of the key nothing, it is in every sentence."""
DEFAULTS = as_data(UserSpec(key="", name="", host=""))
MASKED = {"password_history", "password_reuse_interval_days", "password_require_current", "password_lock_time_days"}
"""Attributes that came with `require`, and that a preview masks for their names."""


def assess(steps: Iterable[Step]) -> Iterator[Finding]:
    """Yield what changes of users, roles and the operators' key; severe is what refuses logins that work now."""
    for step in steps:
        if step.op is not Op.SAME and step.kind == "KeyPair":
            yield Finding("The operators' ssh key changes.")
        elif step.op is not Op.SAME and step.kind in KINDS:
            inputs = step.old or step.new
            subject = f"{KINDS[step.kind]} {code(str(inputs.get('key') or inputs.get('name') or step.name))}"
            for finding in _of_account(step):
                yield Finding(f"{subject} {finding.words}.", finding.severe)


def _of_account(step: Step) -> Iterator[Finding]:
    is_user = step.kind == "MySqlUser"
    if step.op is Op.CREATE:
        yield Finding("is made" + _granted(step))
    elif step.op is Op.DELETE:
        yield Finding("is **dropped**" + (": its logins are refused from then on" if is_user else ""), severe=is_user)
    elif is_user:
        yield from _attributes(step)
        yield from _grants(step)
        yield from _roles(step)
        yield from _password(step)
    else:
        if "name" in step.changed:
            yield Finding("gets another name: it is made anew under that, and the former one is dropped")
        yield from _grants(step)


def _granted(step: Step) -> str:
    targets, roles = sorted(table_of(step.new, "grants")), sorted(_texts(step.new, "roles"))
    parts = [f"privileges on {names(targets)}"] if targets else []
    parts += [f"role {names(roles)}"] if roles else []
    return f", with {' and '.join(parts)}" if parts else ", without privileges"


def _attributes(step: Step) -> Iterator[Finding]:
    changed = [name for name in step.changed if not _is_new_to_the_state(step, name)]
    yield from (finding for name, finding in ATTRIBUTES.items() if name in changed)
    if "locked" in changed:
        locked = step.new.get("locked") is True
        yield Finding("is **locked**: its logins are refused" if locked else "is unlocked", severe=locked)
    for path in step.paths:
        if root(path) in changed and root(path) not in IN_DETAIL and "[" not in path:
            yield Finding(f"changes: {change(step, path)}")


def _is_new_to_the_state(step: Step, name: str) -> bool:
    """Tell whether an attribute differs because the program that made the state did not know it.

    It has its default then, as the account has; of what is masked, that is taken for granted.
    """
    if name in step.old or name not in DEFAULTS:
        return False
    return _given(step.new.get(name)) == _given(DEFAULTS[name]) or (name in MASKED and _is_former(step))


def _given(value: Any) -> Any:
    """Return a value without what is not given: the engine leaves some of that out."""
    if isinstance(value, Mapping):
        return {key: inner for key, inner in value.items() if inner is not None}
    return value


def _is_former(step: Step) -> bool:
    """Tell whether a user is in the state as the program had it that knew no `require`, grants as text and no keys."""
    return "require" not in step.old


def _grants(step: Step) -> Iterator[Finding]:
    before, after = table_of(step.old, "grants"), table_of(step.new, "grants")
    # Text is what a former program left. Its form is its own, so it is compared with nothing.
    unclear = [target for target in sorted(after) if isinstance(before.get(target), str)]
    for target in sorted({*before, *after} - {*unclear}):
        if words := _direction(before.get(target), after.get(target)):
            yield Finding(f"has {words} privileges on {code(target)}")
    if unclear:
        shown = f"has its grants on {names(unclear)} shown in another form from now on"
        yield Finding(f"{shown}: {UNSEEN}")


def _direction(old: Any, new: Any) -> str | None:
    """Return which way privileges on a target change; None if they stay. A grant is None where there is none."""
    before, after = _privileges(old), _privileges(new)
    if before == after and (before is not None or old == new):
        return None
    if old is None or new is None:
        return MORE if old is None else FEWER
    if before is None or after is None:
        return OTHER
    if before < after or (ALL in after - before and OPTION not in before - after):
        return MORE
    if after < before or (ALL in before - after and OPTION not in after - before):
        return FEWER
    return OTHER


def _privileges(grant: Any) -> set[str] | None:
    """Return the privileges of a grant as components.mysql.accounts shows it; None if it is in another form."""
    if not isinstance(grant, Mapping):
        return None
    return {*_texts(grant, "privileges"), *([OPTION] if grant.get("grant_option") is True else [])}


def _roles(step: Step) -> Iterator[Finding]:
    before, after = set(_texts(step.old, "roles")), set(_texts(step.new, "roles"))
    if before != after and _is_former(step):
        yield Finding(f"has its roles shown by key from now on: {UNSEEN}")
        return
    if after - before:
        yield Finding(f"is **granted** role {names(sorted(after - before))}")
    if before - after:
        yield Finding(f"loses role {names(sorted(before - after))}")
    if "default_roles" in step.changed and before == after:
        yield Finding("has other roles active from the login on")


def _password(step: Step) -> Iterator[Finding]:
    before, after = "password" in step.old, "password" in step.new
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


def _texts(inputs: Mapping[str, Any], key: str) -> list[str]:
    values = inputs.get(key)
    return [str(item) for item in values] if isinstance(values, list) else []

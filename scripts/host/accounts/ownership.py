"""Who has which account: whose name is free, who is renamed, what is dropped, who is refused before it is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scripts.host.accounts import attributes, passwords
from scripts.host.accounts.changes import ABSENT, Change, Subject, refused, role_subject, user_subject
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.grants import Privileges
from scripts.host.accounts.names import Account
from scripts.host.accounts.passwords import Login
from scripts.host.accounts.spec import AccountsSpec, RoleSpec, UserSpec
from scripts.host.common import codec
from scripts.host.common.difference import Difference


class Naming:
    """What becomes of names. A refusal can make others: whose name somebody else has, who now keeps it."""

    def __init__(self, spec: AccountsSpec, server: ServerState) -> None:
        """Work it out."""
        self._spec, self._server = spec, server
        self.refusals: dict[Subject, Change] = {}
        self.logins: dict[str, Login] = {}
        """By user key: what becomes of the password of an account that is there."""
        self._owned = self._by_user()
        self.early, self.late = self._drops()
        """Accounts that are dropped before everything else, and after it."""
        self._dropped = {change.subject.account for change in self.early}
        self._refuse_faults()
        self._accounts = {user.key: account for user in spec.users if (account := self._own(user))}
        """By user key: its account, under its present name."""
        while self._refuse_names():
            pass
        self.moves = self._moves()
        """Who is renamed, each with the former name."""
        self.free = self._free()
        """The names that are free before roles and users are made."""
        self._refuse_roles()

    def account_of(self, user: UserSpec) -> CurrentAccount | None:
        """Return the account that a user has; its name may still be the former one."""
        return self._accounts.get(user.key)

    def account_of_role(self, role: RoleSpec) -> CurrentAccount | None:
        """Return the account that a role has."""
        return None if role.account in self.free else self._server.accounts.get(role.account)

    def _by_user(self) -> dict[str, list[CurrentAccount]]:
        owned: dict[str, list[CurrentAccount]] = {}
        for account in self._server.accounts.values():
            if account.user_key is not None and not account.is_servers_own:
                owned.setdefault(account.user_key, []).append(account)
        return owned

    def _drops(self) -> tuple[list[Change], list[Change]]:
        """Roles whose name no user wants go late: then their holders have what replaces them."""
        keys = {user.key for user in self._spec.users}
        names = {user.account for user in self._spec.users}
        roles = {role.account for role in self._spec.roles}
        early = [
            _drop(Subject("user", key, account.account))
            for key in sorted(self._owned.keys() - keys)
            for account in self._owned[key]
        ]
        late: list[Change] = []
        for account in self._server.accounts.values():
            if account.role_key is not None and account.account not in roles and not account.is_servers_own:
                changes = early if account.account in names else late
                changes.append(_drop(Subject("role", account.role_key, account.account)))
        return early, late

    def _refuse(self, subject: Subject, why: str | None, difference: Difference | None = None) -> bool:
        """Refuse a subject, unless it is already; return whether that is new."""
        if not why or subject in self.refusals:
            return False
        self.refusals[subject] = refused(subject, why, difference)
        return True

    def _refuse_faults(self) -> None:
        """Refuse what is wrong whatever accounts the server has."""
        specs: list[RoleSpec | UserSpec] = [*self._spec.roles, *self._spec.users]
        times = Counter(spec.account for spec in specs)
        for spec in specs:
            subject = user_subject(spec) if isinstance(spec, UserSpec) else role_subject(spec)
            for why in self._faults(spec):
                self._refuse(subject, why)
            if times[spec.account] > 1:
                self._refuse(subject, f"the config has {spec.account.sql} {times[spec.account]} times")

    def _faults(self, spec: RoleSpec | UserSpec) -> Iterator[str | None]:
        if (account := self._server.accounts.get(spec.account)) and account.is_servers_own:
            yield f"{spec.account.sql} is the server's own account"
        yield "; ".join(map(str, codec.faults_of(spec)))
        if isinstance(spec, RoleSpec):
            yield attributes.unsupported(attributes.NEW_ROLE, self._server.version)
        else:
            yield attributes.unsupported(attributes.values(spec), self._server.version)
            yield ", ".join(f"there is no role {key}" for key in self._spec.unknown_roles(spec))
            yield passwords.refusal(spec, self._server)

    def _own(self, user: UserSpec) -> CurrentAccount | None:
        """Return the account that a user owns, or the one to be taken over."""
        subject, owned = user_subject(user), self._owned.get(user.key, [])
        if len(owned) > 1:
            names = " and ".join(account.account.sql for account in owned)
            self._refuse(subject, f"{names} both belong to user {user.key}: drop the one that does not")
            return None
        account = owned[0] if owned else self._server.accounts.get(user.account) if user.adopt else None
        if account is None or subject in self.refusals or account.account in self._dropped:
            return None
        if not owned and (account.user_key is not None or account.role_key is not None):
            return None
        login = self.logins[user.key] = passwords.existing(user, account)
        self._refuse(subject, login.refusal, next(iter(login.differences), None))
        return account

    def _moves(self) -> list[tuple[Subject, Account]]:
        return [
            (subject, account.account)
            for user in self._spec.users
            if (subject := user_subject(user)) not in self.refusals
            and (account := self._accounts.get(user.key))
            and account.account != user.account
        ]

    def _free(self) -> set[Account | None]:
        return self._dropped | {former for _, former in self._moves()}

    def _refuse_names(self) -> bool:
        """Refuse who wants a name that somebody keeps; return whether there was somebody."""
        free = self._free()
        return any(self._refuse(user_subject(user), self._taken(user, free)) for user in self._spec.users)

    def _taken(self, user: UserSpec, free: set[Account | None]) -> str | None:
        account = self._server.accounts.get(user.account)
        own = self._accounts.get(user.key)
        if account is None or user.account in free or (own and own.account == user.account):
            return None
        if account.user_key is not None:
            return _still(account)
        return _unmanaged(account) + ("" if own else f", or set adopt: true for user {user.key}")

    def _refuse_roles(self) -> None:
        for role in self._spec.roles:
            self._refuse(role_subject(role), self._role_taken(role))

    def _role_taken(self, role: RoleSpec) -> str | None:
        account = self.account_of_role(role)
        if account is None or account.role_key is not None:
            return None
        if account.user_key is not None:
            return _still(account)
        # A run that was cut off between CREATE ROLE and its ownership leaves this.
        if account.is_like_a_role and account.privileges == Privileges() and not account.roles:
            return None
        return _unmanaged(account)


def _still(account: CurrentAccount) -> str:
    return f"{account.account.sql} is still user {account.user_key}'s, whose own change is refused"


def _unmanaged(account: CurrentAccount) -> str:
    return f"MySQL has {account.account.sql} already, not made by this stack: drop or rename it"


def _drop(subject: Subject) -> Change:
    name = subject.account.sql if subject.account else ""
    difference = subject.difference("account", ABSENT, f"{name} is there")
    return Change(subject, (difference,), (f"DROP USER {name}",))

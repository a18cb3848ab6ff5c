"""Who has which account: whose name is free, who is renamed, what is dropped, who is refused before it is touched."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from scripts.host.accounts import attributes, passwords
from scripts.host.accounts.changes import ABSENT, Change, Subject, refused, subject_of
from scripts.host.accounts.current import CurrentAccount, Owner, ServerState
from scripts.host.accounts.names import Account
from scripts.host.accounts.passwords import Login
from scripts.host.accounts.spec import AccountsSpec, RoleSpec, UserSpec
from scripts.host.accounts.targets import Privileges
from scripts.host.common.difference import Difference


class Naming:
    """What becomes of names. A refusal can make others: whose name somebody else has, who now keeps it."""

    def __init__(self, spec: AccountsSpec, server: ServerState) -> None:
        """Work it out."""
        self._spec, self._server = spec, server
        self.refusals: dict[Subject, Change] = {}
        self.logins: dict[str, Login] = {}
        """By user key: what becomes of the password of an account that is there."""
        self._owned: dict[str, list[CurrentAccount]] = {}
        for account in server.accounts.values():
            if account.user_key is not None and not account.is_servers_own:
                self._owned.setdefault(account.user_key, []).append(account)
        self.early, self.late = self._drops()
        """Accounts that are dropped before everything else, and after it."""
        self._dropped = {change.subject.account for change in self.early}
        specs: list[RoleSpec | UserSpec] = [*spec.roles, *spec.users]
        for described in specs:
            for why in self._impossible(described):
                self._refuse(subject_of(described), why)
        self.accounts = {user.key: own for user in spec.users if (own := self._own(user))}
        """By user key: its account, under its present name."""
        while self._refuse_names():
            pass
        self.moves = self._moves()
        """Who is renamed: from the former name to the user and the new one."""
        self.free = self._dropped | self.moves.keys()
        """The names that are free before roles and users are made."""
        for role in spec.roles:
            self._refuse(subject_of(role), self._role_taken(role))

    def account_of_role(self, role: RoleSpec) -> CurrentAccount | None:
        """Return the account that a role has."""
        return None if role.account in self.free else self._server.accounts.get(role.account)

    def _drops(self) -> tuple[list[Change], list[Change]]:
        """Roles whose name no user wants go late: then their holders have what replaces them."""
        keys = {user.key for user in self._spec.users}
        names = {user.account for user in self._spec.users}
        roles = {role.account for role in self._spec.roles}
        early: list[Change] = []
        late: list[Change] = []
        for account in self._server.accounts.values():
            owner, name = account.owner, account.account
            if owner is None or account.is_servers_own:
                continue
            if owner.kind == "user" and owner.key not in keys:
                early.append(_drop(owner, name))
            elif owner.kind == "role" and name not in roles:
                (early if name in names else late).append(_drop(owner, name))
        return early, late

    def _refuse(self, subject: Subject, why: str | None, difference: Difference | None = None) -> bool:
        """Refuse a subject, unless it is already; return whether that is new."""
        if not why or subject in self.refusals:
            return False
        self.refusals[subject] = refused(subject, why, difference)
        return True

    def _impossible(self, spec: RoleSpec | UserSpec) -> Iterator[str | None]:
        if (account := self._server.accounts.get(spec.account)) and account.is_servers_own:
            yield f"{spec.account.sql} is the server's own account"
        if isinstance(spec, RoleSpec):
            yield attributes.unsupported(attributes.NEW_ROLE, self._server.version)
        else:
            yield attributes.unsupported(attributes.values(spec), self._server.version)
            yield passwords.refusal(spec, self._server)

    def _own(self, user: UserSpec) -> CurrentAccount | None:
        """Return the account that a user owns, or the one to be taken over."""
        subject, owned = subject_of(user), self._owned.get(user.key, [])
        if len(owned) > 1:
            names = " and ".join(account.account.sql for account in owned)
            self._refuse(subject, f"{names} both belong to user {user.key}: drop the one that does not")
            return None
        account = owned[0] if owned else self._server.accounts.get(user.account) if user.adopt else None
        if account is None or subject in self.refusals or account.account in self._dropped:
            return None
        if not owned and account.owner:
            return None
        login = self.logins[user.key] = passwords.existing(user, account)
        self._refuse(subject, login.refusal, next(iter(login.differences), None))
        return account

    def _moves(self) -> dict[Account, tuple[Subject, Account]]:
        return {
            account.account: (subject_of(user), user.account)
            for user in self._spec.users
            if subject_of(user) not in self.refusals
            and (account := self.accounts.get(user.key))
            and account.account != user.account
        }

    def _refuse_names(self) -> bool:
        """Refuse who wants a name that somebody keeps; return whether there was somebody."""
        free = self._dropped | self._moves().keys()
        return any(self._refuse(subject_of(user), self._taken(user, free)) for user in self._spec.users)

    def _taken(self, user: UserSpec, free: Collection[Account | None]) -> str | None:
        account = self._server.accounts.get(user.account)
        own = self.accounts.get(user.key)
        if account is None or user.account in free or (own and own.account == user.account):
            return None
        is_adoptable = own is None and account.user_key is None
        return _kept(account) + (f", or set adopt: true for user {user.key}" if is_adoptable else "")

    def _role_taken(self, role: RoleSpec) -> str | None:
        account = self.account_of_role(role)
        if account is None or (account.owner and account.owner.kind == "role"):
            return None
        # A run that was cut off between CREATE ROLE and its ownership leaves this.
        is_bare = account.is_like_a_role and account.privileges == Privileges() and not account.roles
        return None if is_bare and account.user_key is None else _kept(account)


def _kept(account: CurrentAccount) -> str:
    """Return why an account's name is not free."""
    if account.user_key is not None:
        return f"{account.account.sql} is still user {account.user_key}'s, whose own change is refused"
    return f"MySQL has {account.account.sql} already, not made by this stack: drop or rename it"


def _drop(owner: Owner, account: Account) -> Change:
    return Subject(*owner, account).change("account", ABSENT, f"{account.sql} is there", f"DROP USER {account.sql}")


def renames(moves: Mapping[Account, tuple[Subject, Account]], taken: Collection[Account]) -> list[Change]:
    """Return the changes that rename, of which the first has the one statement.

    Nobody's new name is taken, but by somebody who moves, too. RENAME USER does its pairs in order, and all of them or
    none (MySQL manual, "Atomic Data Definition Statement Support").
    """
    waiting = {former: new for former, (_, new) in moves.items()}
    asides = (Account(f"mysql_pair_aside_{number}", "%") for number in itertools.count())
    pairs: list[tuple[Account, Account]] = []
    while waiting:
        ready = [former for former, new in waiting.items() if new not in waiting]
        if ready:
            pairs += [(former, waiting.pop(former)) for former in ready]
        else:
            # They wait for each other in circles.
            former = next(iter(waiting))
            aside = next(account for account in asides if account not in taken)
            pairs.append((former, aside))
            waiting[aside] = waiting.pop(former)
    changes = [subject.change("account", new.sql, former.sql) for former, (subject, new) in moves.items()]
    if not changes:
        return []
    statement = "RENAME USER " + ", ".join(f"{former.sql} TO {new.sql}" for former, new in pairs)
    first, *rest = changes
    also = tuple(change.subject for change in rest)
    return [replace(first, statements=(statement,), essential=True, also=also), *rest]

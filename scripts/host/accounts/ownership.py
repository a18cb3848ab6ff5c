"""Who has which account: whose name is free, who is renamed, what is dropped, who is refused before it is touched."""

from __future__ import annotations

from collections import Counter

from scripts.host.accounts import passwords
from scripts.host.accounts.change import Change, Point, Subject, refused
from scripts.host.accounts.current import Found, State
from scripts.host.accounts.document import Document, Role, User
from scripts.host.accounts.grants import Privileges
from scripts.host.accounts.passwords import Login
from scripts.host.accounts.sql import Account, is_text

NOTHING = "not there"


def user_subject(user: User) -> Subject:
    """Return the subject of a user's changes."""
    return Subject("user", user.key, user.account)


def role_subject(role: Role) -> Subject:
    """Return the subject of a role's changes."""
    return Subject("role", role.key, role.account)


class Naming:
    """What becomes of names. A refusal can make others: whose name somebody else has, who now keeps it."""

    def __init__(self, document: Document, state: State) -> None:
        """Work it out."""
        self._document, self._state = document, state
        self.refusals: dict[Subject, Change] = {}
        self.logins: dict[str, Login] = {}
        """By user key: what becomes of the password of an account that is there."""
        self._marked = self._by_mark()
        self.early, self.late = self._drops()
        """Accounts that are dropped before everything else, and after it."""
        self._dropped = {change.subject.account for change in self.early}
        self._refuse_faults()
        self._has = {user.key: it for user in document.users if (it := self._own(user))}
        """By user key: its account, under its present name."""
        while self._refuse_names():
            pass
        self.moves = self._moves()
        """Who is renamed, each with the former name."""
        self.free = self._free()
        """The names that are free before roles and users are made."""
        self._refuse_roles()

    def account_of(self, user: User) -> Found | None:
        """Return the account that a user has; its name may still be the former one."""
        return self._has.get(user.key)

    def account_of_role(self, role: Role) -> Found | None:
        """Return the account that a role has."""
        return None if role.account in self.free else self._state.accounts.get(role.account)

    def _by_mark(self) -> dict[str, list[Found]]:
        marked: dict[str, list[Found]] = {}
        for it in self._state.accounts.values():
            if it.user_key is not None and not it.is_servers_own:
                marked.setdefault(it.user_key, []).append(it)
        return marked

    def _drops(self) -> tuple[list[Change], list[Change]]:
        """Roles whose name no user wants go late: then their holders have what replaces them."""
        keys = {user.key for user in self._document.users}
        names = {user.account for user in self._document.users}
        roles = {role.account for role in self._document.roles}
        early = [
            _drop(Subject("user", key, it.account))
            for key in sorted(self._marked.keys() - keys)
            for it in self._marked[key]
        ]
        late: list[Change] = []
        for it in self._state.accounts.values():
            if it.role_key is not None and it.account not in roles and not it.is_servers_own:
                (early if it.account in names else late).append(_drop(Subject("role", it.role_key, it.account)))
        return early, late

    def _refuse(self, subject: Subject, why: str | None, point: Point | None = None) -> bool:
        """Refuse a subject, unless it is already; return whether that is new."""
        if not why or subject in self.refusals:
            return False
        self.refusals[subject] = refused(subject, why, point)
        return True

    def _refuse_faults(self) -> None:
        """Refuse what is wrong whatever the server has."""
        subjects = [*map(role_subject, self._document.roles), *map(user_subject, self._document.users)]
        times = Counter(subject.account for subject in subjects)
        for subject in subjects:
            if account := subject.account:
                self._refuse(subject, account.fault)
                if times[account] > 1:
                    self._refuse(subject, f"the config has {account.sql} {times[account]} times")
                if (it := self._state.accounts.get(account)) and it.is_servers_own:
                    self._refuse(subject, f"{account.sql} is the server's own account")
        for user in self._document.users:
            self._refuse(user_subject(user), passwords.fault(user, self._state))
            if user.comment is not None and not is_text(user.comment):
                self._refuse(user_subject(user), "its comment is no text")

    def _own(self, user: User) -> Found | None:
        """Return the account with a user's mark, or the one to be taken over."""
        marked = self._marked.get(user.key, [])
        if len(marked) > 1:
            accounts = " and ".join(it.account.sql for it in marked)
            why = f"{accounts} both carry the mark of user {user.key}: drop the one that is not it"
            self._refuse(user_subject(user), why)
            return None
        it = marked[0] if marked else self._state.accounts.get(user.account) if user.adopt else None
        if it is None or user_subject(user) in self.refusals or it.account in self._dropped:
            return None
        if not marked and (it.user_key is not None or it.role_key is not None):
            return None
        login = self.logins[user.key] = passwords.existing(user, it)
        self._refuse(user_subject(user), login.refusal, next(iter(login.points), None))
        return it

    def _moves(self) -> list[tuple[Subject, Account]]:
        return [
            (subject, it.account)
            for user in self._document.users
            if (subject := user_subject(user)) not in self.refusals
            and (it := self._has.get(user.key))
            and it.account != user.account
        ]

    def _free(self) -> set[Account | None]:
        return self._dropped | {before for _, before in self._moves()}

    def _refuse_names(self) -> bool:
        """Refuse who wants a name that somebody keeps; return whether there was somebody."""
        free = self._free()
        return any(self._refuse(user_subject(user), self._taken(user, free)) for user in self._document.users)

    def _taken(self, user: User, free: set[Account | None]) -> str | None:
        it = self._state.accounts.get(user.account)
        own = self._has.get(user.key)
        if it is None or user.account in free or (own and own.account == user.account):
            return None
        if it.user_key is not None:
            return f"{user.account.sql} is still user {it.user_key}'s, whose own change is refused"
        hint = "" if own else f", or set adopt: true for user {user.key}"
        return f"MySQL has {user.account.sql} already, not made by this stack: drop or rename it{hint}"

    def _refuse_roles(self) -> None:
        for role in self._document.roles:
            self._refuse(role_subject(role), self._role_taken(role))

    def _role_taken(self, role: Role) -> str | None:
        it = self.account_of_role(role)
        if it is None or it.role_key is not None:
            return None
        if it.user_key is not None:
            return f"{role.account.sql} is still user {it.user_key}'s, whose own change is refused"
        # A run that was cut off between CREATE ROLE and its mark leaves this.
        if it.is_like_a_role and it.privileges == Privileges() and not it.roles:
            return None
        return f"MySQL has {role.account.sql} already, not made by this stack: drop or rename it"


def _drop(subject: Subject) -> Change:
    account = subject.account.sql if subject.account else ""
    return Change(subject, (Point("account", NOTHING, f"{account} is there"),), (f"DROP USER {account}",))

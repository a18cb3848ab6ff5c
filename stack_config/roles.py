"""Config of roles: grants under a name."""

from __future__ import annotations

from collections.abc import Mapping

from stack_config.grants import grants, read_grants
from stack_config.model import DatabaseConfig, RoleConfig
from stack_config.names import account_key, account_name
from stack_config.reader import Reader, part

KEY = "roles"
EXAMPLE = 'Write a table like {"reader": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}'


def read_roles(reader: Reader, databases: Mapping[str, DatabaseConfig] | None) -> dict[str, RoleConfig] | None:
    """Return the roles by key, those with a fault too; None if it is not known which there are."""
    raw = reader.raw_table(KEY, EXAMPLE, {})
    return None if raw is None else {key: _role(reader, key, fields, databases) for key, fields in raw.items()}


def _role(reader: Reader, key: str, raw: object, databases: Mapping[str, DatabaseConfig] | None) -> RoleConfig:
    path = part(KEY, key)
    reader.check(path, key, account_key)
    fields = reader.fields(path, raw, {"name": account_name, "grants": grants}, [], EXAMPLE)
    name = name_of(reader, path, key, fields.get("name"))
    return RoleConfig(key, name, read_grants(reader, f"{path}.grants", fields.get("grants", []), databases))


def name_of(reader: Reader, path: str, key: str, name: str | None) -> str:
    """Return the name of a role or a user: its key if it has no other."""
    if name is None and reader.well_read(f"{path}.name"):
        reader.check(f"{path}.name", key, account_name)
    return name or key

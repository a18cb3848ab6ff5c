"""mysqld's option file: what every server has, what is derived or set, as text and as data."""

from __future__ import annotations

from collections.abc import Mapping

from stack_outputs.forms import quoted

Setting = bool | int | float | str
"""A setting's value: ON and OFF as bool, sizes in bytes, everything else as it is."""

OPTION_FILE = "/etc/mysql/mysql.conf.d/zz-mysql-pair.cnf"
"""Read after the package's mysqld.cnf, which binds to the loopback address."""

X_PORT = 33060


def base_settings(port: int, x_protocol: bool, require_secure_transport: bool) -> dict[str, Setting]:
    """Return what no operator may set otherwise than by its own config key.

    The security group decides who reaches the addresses that mysqld binds to; users are bound to a host part besides.
    """
    return {
        "port": port,
        "bind_address": "0.0.0.0",  # noqa: S104  a security group stands before it
        "mysqlx": x_protocol,
        "mysqlx_bind_address": "0.0.0.0" if x_protocol else "127.0.0.1",  # noqa: S104  likewise
        "require_secure_transport": require_secure_transport,
    }


def option_file(settings: Mapping[str, Setting]) -> str:
    """Return the option file."""
    lines = [f"{name} = {_value(value)}" for name, value in settings.items()]
    return "\n".join(["# Made by the stack: changes made here by hand are overwritten.", "[mysqld]", *lines, ""])


def _value(value: Setting) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return quoted(value) if isinstance(value, str) else str(value)

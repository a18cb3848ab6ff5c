"""Where MySQL keeps its things, for those too that have no driver yet."""

from __future__ import annotations

from pathlib import Path

DATA = Path("/var/lib/mysql")
ERROR_LOG = Path("/var/log/mysql/error.log")
"""Both distributions' log_error."""

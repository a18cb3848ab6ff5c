"""The program's tests."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The repository's folder, where Pulumi.yaml is."""

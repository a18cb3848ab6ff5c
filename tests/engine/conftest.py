"""The lab's Pulumi, and throw-away projects in it."""

from lab.testing.engine_project import lab as lab
from lab.testing.engine_project import make_project as make_project

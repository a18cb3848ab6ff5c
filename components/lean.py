"""What of the SDK a run does without: modules of which nothing is used, what --debug shows, collections of garbage."""

import gc
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pulumi import log

DEBUG = "PULUMI_OPTION_DEBUG"
"""The engine takes --debug from it too, and a program is told by nothing else that it was given."""


def begin() -> None:
    """Do without them in this process, which is a program's own; the first thing that it does after its imports."""
    gc.disable()  # of what is made in a few seconds nearly everything is used until the end
    load_on_demand("pulumi_aws")
    if not os.environ.get(DEBUG):
        # Five calls of the engine a resource, each of which is waited for.
        log.debug = _not_shown


def load_on_demand(sdk: str) -> None:
    """Have the packages of an SDK that nothing was taken from yet load what is taken from them, and not all they have.

    The SDK loads such a package whole when its first name is used: pulumi_aws.ec2 has 180 modules.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{sdk}.") and type(module).__name__ == "_LazyModule":
            vars(module)["_whole"] = type(module)
            object.__setattr__(module, "__class__", _Package)


class _Package(ModuleType):
    """A package that loads a module of its own when a name is used that the module gives it."""

    def __getattr__(self, name: str) -> Any:
        for module in (_module_of(name), "_inputs"):
            if (Path(self.__path__[0]) / f"{module}.py").is_file():
                import_module(f"{self.__name__}.{module}")
                if name in vars(self):
                    return vars(self)[name]
                if name == module:  # its own import asks for it; Python finds it where modules are
                    raise AttributeError(name)
        object.__setattr__(self, "__class__", vars(self).pop("_whole"))
        return getattr(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        """Take a module's names instead of the module, as the package does by `from .get_instance import *`."""
        # Of `outputs` it takes the module: other classes have the same names there.
        names = getattr(value, "__all__", ()) if isinstance(value, ModuleType) and name != "outputs" else ()
        for given in names:
            super().__setattr__(given, getattr(value, given))
        if name not in names:
            super().__setattr__(name, value)


def _module_of(name: str) -> str:
    """Return the module that probably has a name: instance of InstanceArgs, get_instance of get_instance_output."""
    stem = re.sub(r"(Args|Result|_output)$", "", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem).lower()


def _not_shown(*_: object, **__: object) -> None:
    """Take a message that is not shown."""

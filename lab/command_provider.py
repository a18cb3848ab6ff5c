"""The command provider's stand-in as a program: `python -m lab.command_provider ENGINE_ADDRESS`.

The engine starts it, through the plugin wrapper in the lab's PULUMI_HOME, where there is no official plugin.
"""

from __future__ import annotations

import sys

from lab.command.server import main

if __name__ == "__main__":
    main(sys.argv[1:])

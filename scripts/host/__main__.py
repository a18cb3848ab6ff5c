"""The agent's one entry point: `python3 FOLDER VERB`, as root on a host, with the verb's spec as JSON on stdin.

On a host this file lies beside the folder `scripts`, so that the agent's imports are the same there as in the program.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Not by the link `current`, which an install may turn to another agent while this one is being imported.
    sys.path[0] = os.path.realpath(sys.path[0])
    from scripts.host.entry import main

    sys.exit(main(sys.argv[1:]))

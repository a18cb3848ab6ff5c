"""The agent's one entry point: `python3 FOLDER VERB`, as root on a host, with the verb's spec as JSON on standard input.

On a host this file lies beside the folder `scripts`, so that the agent's imports are the same there as in the program.
"""

from __future__ import annotations

import sys

from scripts.host.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

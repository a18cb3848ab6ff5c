"""The option-file reader of MySQL's own programs gives back what is in the option file of a login.

test_drivers.py logs in with every form; the other forms' readers are Python's, in tests/unit/outputs.
"""

from __future__ import annotations

import json

from stack_outputs import forms
from stack_outputs.forms import Login
from tests.lab.pair import Pair
from tests.unit.outputs.awkward import AWKWARD

READER = r"""
import json, subprocess, sys
argv = ["my_print_defaults", "--defaults-file=/dev/stdin", "--show", "client", "mysql"]
read = [subprocess.run(argv, input=text, capture_output=True, text=True) for text in json.load(sys.stdin)]
print(json.dumps([done.stdout for done in read]))
"""


def test_mysql_itself_reads_an_option_file_as_it_was_meant(pair: Pair) -> None:
    logins = [Login(text, text, "10.0.0.1", 3306, text, "/etc/mysql-pair/ca.pem") for text in AWKWARD]
    assert pair.ssh("server", "cat >reader.py", stdin=READER).returncode == 0
    done = pair.ssh("server", "python3", "reader.py", stdin=json.dumps([forms.option_file(it) for it in logins]))
    assert done.returncode == 0, done.stderr
    for text, printed in zip(AWKWARD, json.loads(done.stdout), strict=True):
        lines = [f"--{name}={text}" for name in ("user", "password", "database")]
        assert [line for line in printed.split("\n") if line.startswith(("--user", "--pass", "--data"))] == lines

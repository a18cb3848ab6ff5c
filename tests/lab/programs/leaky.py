"""A secret in a command's text, on a client host: in argv and environment, in a file, in the state and on screen."""

from __future__ import annotations

from pathlib import Path

import pulumi
from pulumi_command import remote

config = pulumi.Config()
leaked, file = config.require("leaked"), config.require("file")
on_the_host = f"sh -c 'sleep 0.5; echo \"$0\" | base64 -w0 >{file}' '{leaked}'"
remote.Command(
    "leaky",
    connection=remote.ConnectionArgs(
        host=config.require("host"),
        user="ubuntu",
        private_key=pulumi.Output.secret(Path(config.require("keyFile")).read_text()),
    ),
    create=f"PASSWORD='{leaked}' {on_the_host}; echo '{leaked}'",
    delete=f"rm -f {file}",
)
pulumi.export("password", leaked)

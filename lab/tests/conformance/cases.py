"""The rows. Each expectation is what pulumi-command 1.2.1's source or documentation says, cited in the row.

Files are under provider/pkg/provider of pulumi/pulumi-command at v1.2.1, unless a row names another place:
`go-provider` is pulumi/pulumi-go-provider v1.3.0, `x/crypto` is golang.org/x/crypto v0.48.0, `sdk` is pulumi/pulumi
sdk/v3 v3.224.0: the versions in its go.mod.
"""

from __future__ import annotations

from typing import Any

from lab.tests.conformance.case import UNKNOWN, Case, Secret, Step

LOCAL = "command:local:Command"


def on(**more: Any) -> dict[str, Any]:
    """Return a connection to the test's host with these properties added; None takes one out."""
    connection = {"host": "@HOST@", "port": "@PORT@", "privateKey": "@KEY_USER@", "user": "@USER@", **more}
    return {key: value for key, value in connection.items() if value is not None}


REMOTE_CASES = [
    Case(
        "create-update-delete",
        "remote/commandController.go:56,76,86 @v1.2.1",
        [
            Step(
                {
                    "create": "echo made > @DIR@/log; echo out; echo err >&2",
                    "update": "echo changed >> @DIR@/log; echo two",
                    "delete": "echo gone >> @DIR@/log",
                },
                ops=["create"],
                stdout="out",
                stderr="err",
                files={"log": "made\n"},
                preview={"stdout": UNKNOWN, "stderr": UNKNOWN},
            ),
            Step(
                {
                    "create": "echo made > @DIR@/log; echo out; echo err >&2",
                    "update": "echo changed >> @DIR@/log; echo two; # other",
                    "delete": "echo gone >> @DIR@/log",
                },
                ops=["update"],
                stdout="two",
                stderr="",
                files={"log": "made\nchanged\n"},
                preview={"stdout": UNKNOWN, "stderr": UNKNOWN},
            ),
            Step(None, ops=["delete"], files={"log": "made\nchanged\ngone\n"}),
        ],
    ),
    Case(
        "unchanged",
        "go-provider infer/resource.go:1209 @v1.3.0",
        [
            Step({"create": "date +%N"}, ops=["create"]),
            Step({"create": "date +%N"}, ops=["same"]),
        ],
    ),
    Case(
        "update-falls-back-to-create",
        "remote/commandController.go:78 @v1.2.1",
        [
            Step({"create": "echo one >> @DIR@/log"}, files={"log": "one\n"}),
            Step({"create": "echo two >> @DIR@/log"}, ops=["update"], files={"log": "one\ntwo\n"}),
        ],
    ),
    Case(
        "no-commands",
        "remote/commandController.go:48,88 @v1.2.1",
        [
            Step({"stdin": "a"}, ops=["create"], stdout="", stderr=""),
            Step({"stdin": "b"}, ops=["update"], stdout="", stderr=""),
            Step(None, ops=["delete"]),
        ],
    ),
    Case(
        "no-commands-needs-no-host",
        "remote/commandController.go:48 @v1.2.1",
        [Step({"connection": on(port="@CLOSED@", dialErrorLimit=0)}, ops=["create"], stdout="")],
    ),
    Case(
        "delete-runs-with-the-state-s-connection",
        "remote/commandController.go:87,91 @v1.2.1",
        [
            Step({"delete": 'printf "%s" "$PULUMI_COMMAND_STDOUT" > @DIR@/log', "create": "echo was"}),
            Step(None, ops=["delete"], files={"log": "was"}),
        ],
    ),
    Case(
        "stdin-to-all-three",
        "remote/commandOutputs.go:73 @v1.2.1",
        [
            Step(
                {"create": "cat", "update": "cat", "delete": "cat > @DIR@/log", "stdin": "first"},
                stdout="first",
            ),
            Step(
                {"create": "cat", "update": "cat", "delete": "cat > @DIR@/log", "stdin": "second"},
                ops=["update"],
                stdout="second",
            ),
            Step(None, files={"log": "second"}),
        ],
    ),
    Case(
        "stdin-absent-is-at-its-end",
        "x/crypto ssh/session.go:503 @v0.48.0",
        [Step({"create": "cat; echo end"}, stdout="end")],
    ),
    Case(
        "one-newline-is-trimmed",
        "remote/commandOutputs.go:104 @v1.2.1",
        [Step({"create": r"printf 'a\n\n'; printf 'b\n\n' >&2"}, stdout="a\n", stderr="b\n")],
    ),
    Case(
        "triggers-changed",
        "common/inputs.go:10 @v1.2.1; sdk/python/pulumi_command/remote/command.py:455",
        [
            Step({"create": "echo n >> @DIR@/log", "update": "false", "triggers": ["i-1", 2]}),
            Step(
                {"create": "echo n >> @DIR@/log", "update": "false", "triggers": ["i-1", 3]},
                ops=["create-replacement", "replace", "delete-replaced"],
                files={"log": "n\nn\n"},
            ),
        ],
    ),
    Case(
        "triggers-added",
        "common/inputs.go:10 @v1.2.1",
        [
            Step({"create": "echo n >> @DIR@/log", "update": "false"}),
            Step(
                {"create": "echo n >> @DIR@/log", "update": "false", "triggers": ["i-1"]},
                ops=["create-replacement", "replace", "delete-replaced"],
                files={"log": "n\nn\n"},
            ),
        ],
    ),
    Case(
        "triggers-of-any-type",
        "common/inputs.go:10 @v1.2.1",
        [
            Step({"create": "true", "triggers": [1, True, {"a": ["b"]}, "c"]}),
            Step({"create": "true", "triggers": [1, True, {"a": ["b"]}, "c"]}, ops=["same"]),
        ],
    ),
    Case(
        "replacement-runs-delete",
        "remote/commandController.go:86 @v1.2.1",
        [
            Step({"create": "echo c1 >> @DIR@/log", "delete": "echo d1 >> @DIR@/log", "triggers": [1]}),
            Step(
                {"create": "echo c2 >> @DIR@/log", "delete": "echo d2 >> @DIR@/log", "triggers": [2]},
                files={"log": "c1\nc2\nd1\n"},
            ),
        ],
    ),
    Case(
        "connection-changed-runs-again",
        "remote/command.go:46 @v1.2.1 (no replaceOnChanges)",
        [
            Step({"create": "echo n >> @DIR@/log", "connection": on()}),
            Step(
                {"create": "echo n >> @DIR@/log", "connection": on(privateKey="@KEY_USER_RSA@")},
                ops=["update"],
                files={"log": "n\nn\n"},
            ),
        ],
    ),
    Case(
        "delete-changed-runs-update",
        "go-provider infer/resource.go:1209 @v1.3.0",
        [
            Step({"create": "echo n >> @DIR@/log"}),
            Step({"create": "echo n >> @DIR@/log", "delete": "true"}, ops=["update"], files={"log": "n\nn\n"}),
        ],
    ),
    Case(
        "what-changed",
        "go-provider infer/resource.go:1209-1245 @v1.3.0; sdk go/common/resource/plugin/provider.go:642",
        [
            Step(
                {
                    "create": "true",
                    "update": "true",
                    "environment": {"LAB_A": "1", "LAB_B": "2", "LAB_C-D": "3"},
                    "connection": on(),
                }
            ),
            Step(
                {
                    "create": "true # other",
                    "delete": "true",
                    "environment": {"LAB_A": "2", "LAB_C-D": "4", "LAB_D": "5"},
                    "connection": on(dialErrorLimit=9),
                },
                ops=["update"],
                diff={
                    "create": "update",
                    "update": "delete",
                    "delete": "add",
                    "environment.LAB_A": "update",
                    "environment.LAB_B": "delete",
                    'environment["LAB_C-D"]': "update",
                    "environment.LAB_D": "add",
                    "connection": "update",
                },
            ),
            Step(
                {
                    "create": "true # other",
                    "delete": "true",
                    "environment": {"LAB_A": Secret("2"), "LAB_C-D": "4", "LAB_D": "5"},
                    "connection": on(dialErrorLimit=9),
                },
                ops=["update"],
                diff={"environment.LAB_A": "update"},
            ),
        ],
    ),
    Case(
        "a-component-s-child",
        "remote/commandController.go:31,63,86 @v1.2.1",
        [
            Step({"create": "echo one", "delete": "echo gone > @DIR@/log"}, stdout="one"),
            Step({"create": "echo two", "delete": "echo gone > @DIR@/log"}, ops=["update"], stdout="two"),
            Step(None, ops=["delete"], files={"log": "gone\n"}),
        ],
        parent=True,
    ),
    Case(
        "preview-of-an-added-property-keeps-the-outputs",
        "go-provider infer/resource.go:580 @v1.3.0",
        [
            Step({"create": "echo n"}, stdout="n"),
            Step({"create": "echo n", "update": "echo u"}, preview={"stdout": "n"}, stdout="u"),
        ],
    ),
    Case(
        "logging-none",
        "remote/logging.go:27 @v1.2.1",
        [Step({"create": "echo o; echo e >&2", "logging": "none"}, status=[], stdout="o", stderr="e")],
    ),
    Case(
        "logging-stdout",
        "remote/logging.go:28 @v1.2.1",
        [Step({"create": "echo o; echo e >&2", "logging": "stdout"}, status=["o"], stdout="o", stderr="e")],
    ),
    Case(
        "logging-stderr",
        "remote/logging.go:31 @v1.2.1",
        [Step({"create": "echo o; echo e >&2", "logging": "stderr"}, status=["e"], stdout="o", stderr="e")],
    ),
    Case(
        "logging-both",
        "remote/logging.go:28,31 @v1.2.1",
        [Step({"create": "echo o; sleep 0.3; echo e >&2", "logging": "stdoutAndStderr"}, status=["o", "e"])],
    ),
    Case(
        "logging-absent-shows-both",
        "remote/logging.go:28,31 @v1.2.1",
        [Step({"create": r"echo o; sleep 0.3; printf 'no newline' >&2"}, status=["o", "no newline"])],
    ),
    Case(
        "logging-of-an-unknown-kind-shows-none",
        "remote/logging.go:27-32 @v1.2.1",
        [Step({"create": "echo o", "logging": "loud"}, status=[], stdout="o")],
    ),
    Case(
        "previous-output-by-default",
        "remote/commandOutputs.go:51 @v1.2.1; remote/command.go:63",
        [
            Step({"create": "echo one; echo two >&2"}),
            Step({"create": 'echo "$PULUMI_COMMAND_STDOUT-$PULUMI_COMMAND_STDERR"'}, stdout="one-two"),
        ],
    ),
    Case(
        "previous-output-off",
        "remote/commandOutputs.go:51 @v1.2.1",
        [
            Step({"create": "echo one", "addPreviousOutputInEnv": False}),
            Step(
                {"create": 'echo "${PULUMI_COMMAND_STDOUT-unset}"', "addPreviousOutputInEnv": False},
                stdout="unset",
            ),
        ],
    ),
    Case(
        "previous-output-empty-is-not-set",
        "remote/commandOutputs.go:62 @v1.2.1",
        [
            Step({"create": "echo one"}),
            Step({"create": 'echo "${PULUMI_COMMAND_STDERR-unset}"'}, stdout="unset"),
        ],
    ),
    Case(
        "previous-output-not-accepted-only-warns",
        "remote/commandOutputs.go:55-60,112 @v1.2.1",
        [
            Step({"create": "echo one", "connection": on(port="@STRICT_PORT@")}),
            Step(
                {
                    "create": 'echo "${PULUMI_COMMAND_STDOUT-unset}"',
                    "connection": on(port="@STRICT_PORT@"),
                },
                ops=["update"],
                stdout="unset",
                warning=["Unable to set 'PULUMI_COMMAND_STDOUT'.", "via AcceptEnv"],
            ),
        ],
    ),
    Case(
        "environment-accepted",
        "remote/commandOutputs.go:42 @v1.2.1",
        [
            Step(
                {"create": 'echo "$LAB_A $LAB_B"', "environment": {"LAB_A": "1 2", "LAB_B": "b"}},
                stdout="1 2 b",
            )
        ],
    ),
    Case(
        "secret-input-stays-secret",
        "go-provider infer/resource.go:629 @v1.3.0",
        [
            Step(
                {"create": "cat", "stdin": Secret("hush"), "logging": "none"},
                stdout="hush",
                secret={"stdin": True, "stdout": False, "create": False, "connection": True},
            )
        ],
    ),
    Case(
        "additional-secret-outputs",
        "remote/command.md @v1.2.1; remote/command.go:55",
        [
            Step(
                {"create": "echo hush", "logging": "none"},
                stdout="hush",
                secret={"stdout": True, "stderr": False},
            )
        ],
        secret_outputs=["stdout"],
    ),
    Case(
        "secret-environment",
        "go-provider infer/internal/ende/ende.go:397 @v1.3.0",
        [
            Step(
                {"create": "echo $LAB_A", "environment": {"LAB_A": Secret("x")}},
                stdout="x",
                outputs={"environment": {"LAB_A": "x"}},
            )
        ],
    ),
    Case(
        "defaults-are-kept-in-the-state",
        "remote/connection.go:57,61,73,78 @v1.2.1",
        [
            Step(
                {"connection": {"host": "h"}},
                outputs={
                    "connection": {
                        "host": "h",
                        "user": "root",
                        "port": 22,
                        "dialErrorLimit": 10,
                        "perDialTimeout": 15,
                    }
                },
                secret={"connection": True},
            )
        ],
    ),
    Case(
        "defaults-of-the-proxy",
        "remote/proxyConnection.go:26,30,41,46 @v1.2.1",
        [
            Step(
                {"connection": {"host": "h", "user": "u", "perDialTimeout": 0, "proxy": {"host": "p"}}},
                outputs={
                    "connection": {
                        "host": "h",
                        "user": "u",
                        "port": 22,
                        "dialErrorLimit": 10,
                        "perDialTimeout": 0,
                        "proxy": {
                            "host": "p",
                            "user": "root",
                            "port": 22,
                            "dialErrorLimit": 10,
                            "perDialTimeout": 15,
                        },
                    }
                },
            )
        ],
    ),
    Case(
        "an-unknown-input",
        "go-provider infer/internal/ende/ende.go:198 @v1.3.0; infer/resource.go:562",
        [
            Step(
                {"create": "cat", "stdin": "stdout of the-host", "logging": "none"},
                preview={"stdin": UNKNOWN, "create": "cat", "stdout": UNKNOWN},
                stdout="127.0.0.1",
            )
        ],
    ),
    Case(
        "an-unknown-host",
        "go-provider infer/internal/ende/ende.go:198 @v1.3.0",
        [
            Step(
                {"create": "echo there", "connection": on(host="stdout of the-host", user=None)},
                preview={"stdout": UNKNOWN},
                stdout="there",
            )
        ],
    ),
    Case(
        "the-right-host-key",
        "remote/connection.go:93 @v1.2.1",
        [Step({"create": "echo in", "connection": on(hostKey="@PUBLIC_HOST_ED25519@")}, stdout="in")],
    ),
    Case(
        "encrypted-private-key",
        "remote/connection.go:110 @v1.2.1",
        [
            Step(
                {
                    "create": "echo in",
                    "connection": on(privateKey="@KEY_LOCKED@", privateKeyPassword="open sesame"),
                },
                stdout="in",
            )
        ],
    ),
    Case(
        "pem-private-key",
        "remote/connection.go:112 @v1.2.1",
        [Step({"create": "echo in", "connection": on(privateKey="@KEY_USER_PEM@")}, stdout="in")],
    ),
    Case(
        "agent-by-path",
        "remote/connection.go:132 @v1.2.1",
        [
            Step(
                {"create": "echo in", "connection": on(privateKey=None, agentSocketPath="@AGENT@")},
                stdout="in",
            )
        ],
    ),
    Case(
        "agent-by-environment",
        "remote/connection_unix.go:12 @v1.2.1",
        [Step({"create": "echo in", "connection": on(privateKey=None)}, stdout="in")],
    ),
    Case(
        "through-a-proxy",
        "remote/connection.go:211-242 @v1.2.1",
        [
            Step(
                {
                    "create": "echo $SSH_CONNECTION | cut -d' ' -f4",
                    "connection": on(proxy=on(port="@STRICT_PORT@", privateKey="@KEY_USER_RSA@")),
                },
                stdout="@PORT@",
            )
        ],
    ),
    Case(
        "a-proxy-s-own-agent-and-host-key",
        "remote/connection.go:204-217 @v1.2.1",
        [
            Step(
                {
                    "create": "echo in",
                    "connection": on(
                        proxy=on(privateKey=None, agentSocketPath="@AGENT@", hostKey="@PUBLIC_HOST_ED25519@")
                    ),
                },
                stdout="in",
            )
        ],
    ),
    Case(
        "dials-until-it-answers",
        "remote/connection.go:154-173 @v1.2.1",
        [
            Step(
                {"create": "echo in", "connection": on(port="@FLAKY@"), "logging": "none"},
                stdout="in",
                status=[
                    "Dial 1/10 failed: retrying",
                    "Dial 2/10 failed: retrying",
                    "Dial 3/10 failed: retrying",
                ],
                dials={"@FLAKY@": 4},
            )
        ],
    ),
    Case(
        "runs-in-the-user-s-shell-as-given",
        "remote/commandOutputs.go:95 @v1.2.1",
        [Step({"create": "a='x  y'; printf '%s|' \"$a\" é\n echo second"}, stdout="x  y|é|second")],
    ),
    Case(
        "much-output",
        "remote/commandOutputs.go:80-90 @v1.2.1",
        [Step({"create": "yes ab | head -c 600000 | tr -d '\\n' | wc -c; yes | head -c 30000", "logging": "none"})],
    ),
    Case(
        "much-stdin",
        "remote/commandOutputs.go:74 @v1.2.1",
        [Step({"create": "wc -c", "stdin": "x" * 300_000}, stdout="300000")],
    ),
    Case(
        "stdin-nobody-reads",
        "x/crypto ssh/session.go:383 @v0.48.0",
        [Step({"create": "echo in", "stdin": "x" * 300_000}, stdout="in")],
    ),
]

LOCAL_CASES = [
    Case(
        "the-host",
        "local/commandController.go @v1.2.1",
        [Step({"create": "echo 127.0.0.1"}, stdout="127.0.0.1")],
        kind=LOCAL,
    ),
    Case(
        "local-create-update-delete",
        "local/commandController.go @v1.2.1",
        [
            Step(
                {
                    "create": "echo made > @DIR@/log; cat; echo err >&2",
                    "update": 'echo "$PULUMI_COMMAND_STDOUT-$PULUMI_COMMAND_STDERR"; cat',
                    "delete": 'cat > @DIR@/log; printf "%s" "$PULUMI_COMMAND_STDOUT" >> @DIR@/log',
                    "stdin": "in",
                },
                ops=["create"],
                stdout="in",
                stderr="err",
                files={"log": "made\n"},
                preview={"stdout": UNKNOWN},
            ),
            Step(
                {
                    "create": "false",
                    "update": 'echo "$PULUMI_COMMAND_STDOUT-$PULUMI_COMMAND_STDERR"; cat',
                    "delete": 'cat > @DIR@/log; printf "%s" "$PULUMI_COMMAND_STDOUT" >> @DIR@/log',
                    "stdin": "again",
                },
                ops=["update"],
                stdout="in-err\nagain",
            ),
            Step(None, ops=["delete"], files={"log": "againin-err\nagain"}),
        ],
        kind=LOCAL,
    ),
    Case(
        "local-update-falls-back-to-create",
        "local/commandController.go @v1.2.1",
        [
            Step({"create": "echo one"}, stdout="one"),
            Step({"create": "echo two"}, ops=["update"], stdout="two"),
        ],
        kind=LOCAL,
    ),
    Case(
        "local-no-commands",
        "local/commandController.go @v1.2.1",
        [Step({"stdin": "a"}, stdout=""), Step({"stdin": "b"}, ops=["update"], stdout=""), Step(None)],
        kind=LOCAL,
    ),
    Case(
        "local-environment-and-dir",
        "local/commandOutputs.go:73,82 @v1.2.1",
        [
            Step(
                {"create": 'echo "$LAB_A"; pwd', "environment": {"LAB_A": "a b"}, "dir": "@DIR@"},
                stdout="a b\n@DIR@",
            )
        ],
        kind=LOCAL,
    ),
    Case(
        "local-interpreter",
        "local/commandOutputs.go:42,51 @v1.2.1",
        [Step({"create": "print(6 * 7)", "interpreter": ["python3", "-c"]}, stdout="42")],
        kind=LOCAL,
    ),
    Case(
        "local-interpreter-by-default",
        "local/commandOutputs.go:48 @v1.2.1",
        [Step({"create": "echo $0", "interpreter": []}, stdout="/bin/sh")],
        kind=LOCAL,
    ),
    Case(
        "local-triggers",
        "common/inputs.go:10 @v1.2.1",
        [
            Step({"create": "echo n >> @DIR@/log", "triggers": ["a", "b"]}),
            Step(
                {"create": "echo n >> @DIR@/log", "triggers": ["a"]},
                ops=["create-replacement", "replace", "delete-replaced"],
                files={"log": "n\nn\n"},
            ),
        ],
        kind=LOCAL,
    ),
    Case(
        "local-logging-none",
        "local/logging.go:27 @v1.2.1",
        [Step({"create": "echo o; echo e >&2", "logging": "none"}, status=[], stdout="o", stderr="e")],
        kind=LOCAL,
    ),
    Case(
        "local-logging-absent",
        "local/logging.go:28,31 @v1.2.1",
        [Step({"create": "echo o; sleep 0.3; echo e >&2"}, status=["o", "e"])],
        kind=LOCAL,
    ),
    Case(
        "local-previous-output-off",
        "local/commandOutputs.go:88 @v1.2.1",
        [
            Step({"create": "echo one", "addPreviousOutputInEnv": False}),
            Step(
                {"create": 'echo "${PULUMI_COMMAND_STDOUT-unset}"', "addPreviousOutputInEnv": False},
                stdout="unset",
            ),
        ],
        kind=LOCAL,
    ),
    Case(
        "local-stdin-absent",
        "local/commandOutputs.go:97 @v1.2.1 (os/exec: no Stdin is /dev/null)",
        [Step({"create": "cat; echo end"}, stdout="end")],
        kind=LOCAL,
    ),
    Case(
        "local-one-newline-is-trimmed",
        "local/commandOutputs.go:142 @v1.2.1",
        [Step({"create": r"printf 'a\n\n'"}, stdout="a\n")],
        kind=LOCAL,
    ),
    Case(
        "local-secret",
        "go-provider infer/resource.go:629 @v1.3.0",
        [
            Step(
                {"create": "cat", "stdin": Secret("hush"), "logging": "none"},
                secret={"stdin": True, "stdout": True},
            )
        ],
        kind=LOCAL,
        secret_outputs=["stdout"],
    ),
]

FAILING_CASES = [
    Case(
        "exit-code",
        "remote/commandOutputs.go:101 @v1.2.1; x/crypto ssh/session.go:639 @v0.48.0",
        [
            Step(
                {"create": 'echo "o"; sleep 0.3; echo e >&2; exit 3'},
                error=['Process exited with status 3: running "echo \\"o\\"; sleep 0.3; echo e >&2; exit 3":\no\ne'],
            )
        ],
    ),
    Case(
        "exit-code-shows-the-output-whatever-logging-says",
        "remote/commandOutputs.go:80,101 @v1.2.1",
        [Step({"create": "echo shown; false", "logging": "none"}, error=["\nshown"], status=[])],
    ),
    Case(
        "killed-by-a-signal",
        "x/crypto ssh/session.go:640 @v0.48.0",
        [Step({"create": "kill -KILL $$"}, error=["Process exited with status 137 from signal KILL"])],
    ),
    Case(
        "command-not-found",
        "remote/commandOutputs.go:101 @v1.2.1",
        [Step({"create": "no-such-command"}, error=["Process exited with status 127", "not found"])],
    ),
    Case(
        "a-quoted-command",
        "remote/commandOutputs.go:101 (Go's %q) @v1.2.1",
        [
            Step(
                {"create": "false \\\n\t'é' # \x7f\u200b"},
                error=["running \"false \\\\\\n\\t'é' # \\x7f\\u200b\":"],
            )
        ],
    ),
    Case(
        "failed-create-leaves-nothing",
        "go-provider infer/resource.go:1291 @v1.3.0",
        [Step({"create": "false"}, error=["status 1"]), Step({"create": "echo two"}, ops=["create"], stdout="two")],
    ),
    Case(
        "failed-update-keeps-the-old-state",
        "go-provider infer/resource.go:1461 @v1.3.0",
        [
            Step({"create": "echo one"}, stdout="one"),
            Step({"create": "false"}, error=["status 1"], stdout="one", outputs={"create": "echo one"}),
        ],
    ),
    Case(
        "failed-delete",
        "remote/commandController.go:91 @v1.2.1",
        [Step({"delete": "echo no; exit 4"}), Step(None, error=["Process exited with status 4", "\nno"])],
    ),
    Case(
        "environment-refused",
        "remote/commandOutputs.go:46,125 @v1.2.1; x/crypto ssh/session.go:174",
        [
            Step(
                {
                    "create": "touch @DIR@/ran",
                    "environment": {"LAB_A": "x"},
                    "connection": on(port="@STRICT_PORT@"),
                },
                error=[
                    'could not set environment variable "LAB_A": ssh: setenv failed',
                    "Unable to set 'LAB_A'. This only works if your SSH server is configured to accept",
                ],
                files={"ran": None},
            )
        ],
    ),
    Case(
        "the-wrong-host-key",
        "remote/connection.go:93,161 @v1.2.1; x/crypto ssh/client.go:263",
        [
            Step(
                {"create": "true", "connection": on(hostKey="@PUBLIC_OTHER@", dialErrorLimit=1)},
                error=["after 1 failed attempts: ssh: handshake failed: ssh: host key mismatch"],
                status=["Dial 1/1 failed: retrying"],
            )
        ],
    ),
    Case(
        "an-rsa-host-key-offers-ssh-rsa-alone",
        "remote/connection.go:94 @v1.2.1; x/crypto ssh/common.go:422",
        [
            Step(
                {"create": "true", "connection": on(hostKey="@PUBLIC_HOST_RSA@", dialErrorLimit=0)},
                error=["after 0 failed attempts: ssh: handshake failed: ssh: no common algorithm for host key; "],
            )
        ],
    ),
    Case(
        "a-host-key-that-is-none",
        "remote/connection.go:91 @v1.2.1; x/crypto ssh/keys.go:288",
        [
            Step(
                {"create": "true", "connection": on(hostKey="nonsense")},
                error=["failed to parse host key: ssh: no key found"],
                status=[],
            )
        ],
    ),
    Case(
        "a-private-key-that-is-none",
        "remote/connection.go:115 @v1.2.1; x/crypto ssh/keys.go",
        [
            Step(
                {"create": "true", "connection": on(privateKey="nonsense")},
                error=["ssh: no key found"],
                not_error=["failed attempts", "nonsense"],
                status=[],
            )
        ],
    ),
    Case(
        "an-encrypted-key-without-its-password",
        "remote/connection.go:112 @v1.2.1; x/crypto ssh/keys.go:1271",
        [
            Step(
                {"create": "true", "connection": on(privateKey="@KEY_LOCKED@")},
                error=["ssh: this private key is passphrase protected"],
            )
        ],
    ),
    Case(
        "an-encrypted-key-with-a-wrong-password",
        "remote/connection.go:110 @v1.2.1; x/crypto ssh/keys.go (x509.IncorrectPasswordError)",
        [
            Step(
                {"create": "true", "connection": on(privateKey="@KEY_LOCKED@", privateKeyPassword="close")},
                error=["x509: decryption password incorrect"],
                not_error=["close"],
            )
        ],
    ),
    Case(
        "a-password-for-a-key-that-needs-none",
        "remote/connection.go:110 @v1.2.1; x/crypto ssh/keys.go:1397",
        [
            Step(
                {"create": "true", "connection": on(privateKeyPassword="needless")},
                error=["ssh: key is not password protected"],
            )
        ],
    ),
    Case(
        "a-refused-key-and-the-agent-is-not-asked",
        "remote/connection.go:117,144 @v1.2.1; x/crypto ssh/client_auth.go:100",
        [
            Step(
                {"create": "true", "connection": on(privateKey="@KEY_OTHER@", dialErrorLimit=0)},
                error=[
                    "after 0 failed attempts: ssh: handshake failed: ssh: unable to authenticate, "
                    "attempted methods [none publickey], no supported methods remain"
                ],
            )
        ],
    ),
    Case(
        "an-agent-that-is-not-there",
        "remote/connection.go:139 @v1.2.1",
        [
            Step(
                {"create": "true", "connection": on(agentSocketPath="@DIR@/none")},
                error=["dial unix @DIR@/none: connect: no such file or directory"],
                not_error=["failed attempts"],
            )
        ],
    ),
    Case(
        "nobody-listens",
        "remote/connection.go:160-161 @v1.2.1",
        [
            Step(
                {"create": "true", "connection": on(port="@CLOSED@", dialErrorLimit=2)},
                error=["after 2 failed attempts: dial tcp @HOST@:@CLOSED@: connect: connection refused"],
                status=["Dial 1/2 failed: retrying", "Dial 2/2 failed: retrying"],
            )
        ],
    ),
    Case(
        "hung-up-on",
        "remote/connection.go:159,252 @v1.2.1",
        [
            Step(
                {"create": "true", "connection": on(port="@DEAF@", dialErrorLimit=3)},
                error=["after 3 failed attempts: ssh: handshake failed: "],
                dials={"@DEAF@": 4},
            )
        ],
    ),
    Case(
        "a-dial-that-takes-too-long",
        "remote/connection.go:104 @v1.2.1",
        [
            Step(
                {
                    "create": "true",
                    "connection": on(port="@SILENT@", dialErrorLimit=1, perDialTimeout=1),
                },
                error=["after 1 failed attempts: dial tcp @HOST@:@SILENT@: i/o timeout"],
            )
        ],
    ),
    Case(
        "no-limit-ends-with-the-timeout",
        "remote/connection.go:165,184,253 @v1.2.1; sdk common/util/retry/until.go:106",
        [
            Step(
                {"create": "true", "connection": on(port="@CLOSED@", dialErrorLimit=-1)},
                error=["context deadline exceeded"],
            )
        ],
        timeout="2s",
    ),
    Case(
        "a-proxy-nobody-listens-at",
        "remote/connection.go:217 @v1.2.1",
        [
            Step(
                {"create": "true", "connection": on(proxy=on(port="@CLOSED@", dialErrorLimit=1))},
                error=["proxy: after 1 failed attempts: dial tcp @HOST@:@CLOSED@: connect: connection refused"],
                status=["Dial proxy 1/1 failed: retrying"],
            )
        ],
    ),
    Case(
        "a-host-behind-the-proxy-nobody-listens-at",
        "remote/connection.go:222-227 @v1.2.1; x/crypto ssh/connection.go:20",
        [
            Step(
                {
                    "create": "true",
                    "connection": on(port="@CLOSED@", dialErrorLimit=1, proxy=on()),
                },
                error=["proxy: after 1 failed attempts: ssh: rejected: connect failed (Connection refused)"],
                status=["Dial from proxy 1/1 failed: retrying"],
            )
        ],
    ),
    Case(
        "a-proxy-s-wrong-host-key",
        "remote/connection.go:204,217 @v1.2.1",
        [
            Step(
                {
                    "create": "true",
                    "connection": on(proxy=on(hostKey="@PUBLIC_OTHER@", dialErrorLimit=0)),
                },
                error=["proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch"],
            )
        ],
    ),
    Case(
        "a-wrong-host-key-behind-the-proxy",
        "remote/connection.go:230-239 @v1.2.1",
        [
            Step(
                {"create": "true", "connection": on(hostKey="@PUBLIC_OTHER@", dialErrorLimit=0, proxy=on())},
                error=["proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch"],
                status=[],
            )
        ],
    ),
    Case(
        "a-failed-handshake-behind-the-proxy-is-not-mended-by-dialling",
        "remote/connection.go:230-239 @v1.2.1; x/crypto ssh/client.go NewClientConn, ssh/channel.go writePacket",
        [
            Step(
                {"create": "true", "connection": on(hostKey="@PUBLIC_OTHER@", dialErrorLimit=1, proxy=on())},
                error=["proxy: after 1 failed attempts: ssh: handshake failed: EOF"],
                not_error=["mismatch"],
                status=["Dial 1/1 failed: retrying"],
            )
        ],
    ),
    Case(
        "a-proxy-s-private-key-that-is-none",
        "remote/connection.go:206 @v1.2.1",
        [
            Step(
                {"create": "true", "connection": on(proxy=on(privateKey="nonsense"))},
                error=["proxy: ssh: no key found"],
            )
        ],
    ),
    Case(
        "local-exit-code",
        "local/commandOutputs.go:113 @v1.2.1",
        [
            Step(
                {"create": "echo o; sleep 0.3; echo e >&2; exit 3"},
                error=['exit status 3: running "echo o; sleep 0.3; echo e >&2; exit 3":\no\ne'],
            )
        ],
        kind=LOCAL,
    ),
    Case(
        "local-killed-by-a-signal",
        "local/commandOutputs.go:113 @v1.2.1 (os.ProcessState)",
        [Step({"create": "kill -KILL $$"}, error=["signal: killed: running"])],
        kind=LOCAL,
    ),
    Case(
        "local-times-out",
        "local/commandOutputs.go:59 @v1.2.1 (exec.CommandContext kills)",
        [
            Step(
                {"create": "exec sleep 30"},
                error=['signal: killed: running "exec sleep 30":'],
            )
        ],
        kind=LOCAL,
        timeout="5s",
    ),
    Case(
        "local-no-such-dir",
        "local/base.go:44 @v1.2.1; local/commandOutputs.go:113",
        [
            Step(
                {"create": "true", "dir": "@DIR@/none"},
                error=["chdir @DIR@/none: no such file or directory: running"],
            )
        ],
        kind=LOCAL,
    ),
    Case(
        "local-no-such-interpreter",
        "local/commandOutputs.go:59,113 @v1.2.1 (os/exec.Error)",
        [
            Step(
                {"create": "true", "interpreter": ["no-such-shell"]},
                error=['exec: "no-such-shell": executable file not found in $PATH: running "true":'],
            )
        ],
        kind=LOCAL,
    ),
]

MAPPER = "sdk common/util/mapper/errors.go, mapper_decode.go @v3.224.0"

# The engine ends at the first resource whose inputs are refused, so each of these is a stack of its own.
REFUSED_CASES = [
    Case(
        "wrong-inputs",
        f"common/inputs.go:10-14, remote/command.go:44-48 @v1.2.1; {MAPPER}",
        [
            Step(
                {
                    "create": {"a": "b"},
                    "update": 5,
                    "triggers": "one",
                    "addPreviousOutputInEnv": "no",
                    "environment": {"LAB_A": 1},
                    "stdni": "x",
                },
                error=[
                    "An error occurred decoding 'CommandInputs.create': Cannot decode Object{} to type string; "
                    "it isn't a struct, and no custom decoder exists",
                    "Field 'update' on 'remote.CommandInputs' must be a 'string'; got 'float64' instead",
                    "Field 'triggers' on 'remote.CommandInputs' must be a '[]interface {}'; got 'string' instead",
                    "Field 'addPreviousOutputInEnv' on 'remote.CommandInputs' must be a 'bool'; got 'string'",
                    "Field 'environment[LAB_A] value' on 'remote.CommandInputs' must be a 'string'; "
                    "got 'float64' instead",
                    "Unrecognized field 'stdni' on 'remote.CommandInputs'",
                ],
            )
        ],
    ),
    Case(
        "wrong-connection",
        f"remote/connection.go:36-52 @v1.2.1; {MAPPER}",
        [
            Step(
                {
                    "connection": {
                        "port": "ssh",
                        "dialErrorLimit": "many",
                        "hostkey": "x",
                        "proxy": {"host": "h", "proxy": {"host": "h"}},
                    }
                },
                error=[
                    "An error occurred decoding 'CommandInputs.connection': 5 failures decoding:",
                    "Missing required field 'host' on 'remote.Connection'",
                    "Field 'port' on 'remote.Connection' must be a 'float64'; got 'string' instead",
                    "Field 'dialErrorLimit' on 'remote.Connection' must be a 'int'; got 'string' instead",
                    "hostkey: Unrecognized field 'hostkey' on 'remote.Connection'",
                    "An error occurred decoding 'Connection.proxy': 1 failures decoding:",
                    "Unrecognized field 'proxy' on 'remote.ProxyConnection'",
                ],
            )
        ],
    ),
    Case(
        "no-connection",
        f"remote/command.go:46 @v1.2.1; {MAPPER}",
        [
            Step(
                {"connection": None, "create": "true"},
                error=["Missing required field 'connection' on 'remote.CommandInputs'"],
            )
        ],
    ),
    Case(
        "local-wrong-inputs",
        f"local/base.go:24-33 @v1.2.1; {MAPPER}",
        [
            Step(
                {"connection": {"host": "h"}, "interpreter": ["sh", 1], "dir": True},
                error=[
                    "Unrecognized field 'connection' on 'local.CommandInputs'",
                    "Field 'interpreter[1]' on 'local.CommandInputs' must be a 'string'; got 'float64' instead",
                    "Field 'dir' on 'local.CommandInputs' must be a 'string'; got 'bool' instead",
                ],
            )
        ],
        kind=LOCAL,
    ),
]

"""What an operator's command knows of a stack: its outputs and config, as the pulumi CLI gives them."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parent.parent
OUTPUTS = "resOutputsEvent"
"""An event of the engine's: what came of a resource."""
STREAM = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
"""Makes `--json` of a preview a line an event (Pulumi, "Environment variables")."""


class OperatorError(Exception):
    """A fault that the operator can fix; its text says how. Whatever asks pulumi, a host or the operator raises it."""

    def __init__(self, text: str, exit_code: int = 2) -> None:
        """Take the text, and the exit code of the verb that ends with it."""
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Stack:
    """A stack by name. Every method but `up_hint` raises OperatorError where there is no `pulumi`, or it refuses."""

    name: str

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets masked; that there are none is an OperatorError too."""
        outputs: dict[str, Any] = self._read(f"stack {self.name!r}", "stack", "output", "--json")
        if not outputs:
            raise OperatorError(f"stack {self.name!r} is not up: {self.up_hint()}")
        return outputs

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources of the stack's state, secrets in plain: to be kept in memory alone."""
        return self._export("--show-secrets")

    def masked_resources(self) -> list[dict[str, Any]]:
        """Return the resources of the stack's state, secrets encrypted: nothing is asked for that is not shown."""
        return self._export()

    def _export(self, *flags: str) -> list[dict[str, Any]]:
        state = self._read(f"the state of stack {self.name!r}", "stack", "export", *flags)
        resources: list[dict[str, Any]] = state["deployment"].get("resources") or []
        return resources

    def config(self, key: str, *flags: str) -> str | None:
        """Return a config value, decrypted; None if it is not set, or set to nothing."""
        done = self._pulumi("config", "get", key, *flags)
        if done.returncode == 0:
            return done.stdout if done.stdout.strip() else None
        if "not found" in done.stderr:
            return None
        raise OperatorError(f"the config of stack {self.name!r} cannot be read:\n{done.stderr.strip()}")

    def config_table(self, key: str) -> dict[str, Any]:
        """Return a config value that is a table, decrypted; empty if it is not set."""
        text = self.config(key)
        try:
            table = json.loads(text) if text else {}
        except json.JSONDecodeError:
            table = None
        if not isinstance(table, dict):
            raise OperatorError(f"config key {key} of stack {self.name!r} is no table")
        return table

    def set_in_config_table(self, key: str, entry: str, value: str | int, secret: bool = False) -> None:
        """Set one entry of a table in the stack's config file.

        The value goes by standard input. A table that is kept as one text, or as one secret, is written whole: told
        to set an entry in it, `pulumi config set --path` forgets all others.
        """
        table = self.config_table(key)
        kind = "--secret" if secret else "--plaintext"
        if any(self.config(f"{key}.{other}", "--path") is None for other in table):
            path, text, flags = key, json.dumps({**table, entry: value}), [kind]
        else:
            path, text, flags = f"{key}.{entry}", str(value), [kind, "--path"]
        done = self._pulumi("config", "set", path, *flags, stdin=text)
        if done.returncode != 0:
            raise OperatorError(f"{path} cannot be set in the config of stack {self.name!r}:\n{done.stderr.strip()}")

    def up(self, *flags: str) -> int:
        """Run `pulumi up` on our own standard streams and return its exit code."""
        argv = ["pulumi", "up", *flags, "--stack", self.name]
        try:
            return run_in_foreground(argv, cwd=PROJECT_ROOT, env=stack_environment(self.name, os.environ))
        except FileNotFoundError as error:
            raise self._no_pulumi() from error

    def refresh_steps(self) -> list[dict[str, Any]]:
        """Return what `pulumi refresh` reads, one step a resource; nothing is changed. May be called in a thread.

        A step has op, urn, and the resource as the state has it (old) and as it was read (new). They are taken from the
        CLI's stream of events: its one document has former outputs of a resource whose inputs are as they were.
        """
        done = self._pulumi(
            "refresh", "--preview-only", "--json", more={"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
        )
        try:
            events = [dict(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
        except ValueError:  # no events, or none that is whole
            events = []
        steps: list[dict[str, Any]] = [event[OUTPUTS]["metadata"] for event in events if OUTPUTS in event]
        if done.returncode != 0 or not steps:
            messages = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
            errors = [message["message"].strip() for message in messages if message.get("severity") == "error"]
            reason = done.stderr.strip() or "\n".join(errors) or done.stdout.strip()[-500:]
            raise OperatorError(f"`pulumi refresh --preview-only` failed: {reason}")
        return steps

    def _read(self, what: str, *words: str, hint: str = "") -> Any:
        """Return what pulumi prints as JSON."""
        done = self._pulumi(*words)
        if done.returncode != 0:
            raise OperatorError(f"{what} cannot be read:\n{done.stderr.strip()}{hint}")
        return json.loads(done.stdout)

    def _pulumi(
        self, *words: str, stdin: str = "", more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = stack_environment(self.name, os.environ) | dict(more or {})
        argv = ["pulumi", *words, "--stack", self.name, "--non-interactive", "--color", "never"]
        try:
            return subprocess.run(
                argv, input=stdin, cwd=PROJECT_ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
            )
        except FileNotFoundError as error:
            raise self._no_pulumi() from error

    def _no_pulumi(self) -> OperatorError:
        return OperatorError(f"there is no `pulumi` on PATH: {self.up_hint()}")

    def up_hint(self) -> str:
        """Return what brings the stack up, in words."""
        return "run `make up`" if self.name == "lab" else f"run `pulumi up --stack {self.name}`"


def run_in_foreground(argv: Sequence[str], **options: Any) -> int:
    """Run a program on our own standard streams and return its exit code, as a shell would count a signal.

    Ctrl-C goes to the whole foreground group: the program ends in order by it, and this process waits for it.
    """
    # A handler and not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with ended_with_us(argv, **options) as process:
            code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def ended_with_us(argv: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a program beside the block, in the main thread; it is told to end with the block, and waited for.

    A signal to this process that comes while the program is being started is held back until then: whatever its
    handler raises in the middle of that would leave the program behind.
    """
    held: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    raising = {number: handler for number, handler in handlers.items() if callable(handler)}
    for stop in raising:
        signal.signal(stop, lambda number, _: held.append(number))
    try:
        process = subprocess.Popen(argv, **options)
    finally:
        for stop, handler in raising.items():
            signal.signal(stop, handler)
    with process:
        try:
            for number in held:
                signal.raise_signal(number)
            yield process
        finally:
            process.terminate()


def stack_environment(name: str, environment: Mapping[str, str], root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the environment in which `pulumi` finds this stack.

    A lab's stack lives in a backend of its own, which `.lab/<name>/environment` describes. It is used unless
    the caller has a PULUMI_HOME that is another one: that is a choice, and is kept.
    """
    merged = dict(environment)
    file = root / ".lab" / name / "environment"
    if not file.is_file():
        return merged
    own = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    if merged.get("PULUMI_HOME", own.get("PULUMI_HOME")) != own.get("PULUMI_HOME"):
        return merged
    folder = own.pop("PATH_PREPEND", None)
    if folder:
        merged["PATH"] = os.pathsep.join(filter(None, [folder, merged.get("PATH")]))
    return merged | own

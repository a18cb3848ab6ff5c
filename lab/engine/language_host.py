"""A stand-in for Pulumi's Python language host, for engines that came without one.

A gRPC server that the engine starts: it runs the program with the SDK's own executor, in the virtual environment
that Pulumi.yaml names, and starts policy packs. Its launcher imports it in `python -I`, so that nothing of its own
environment reaches the program.
Source: pulumi/pulumi, sdk/python/cmd/pulumi-language-python (behaviour), proto/pulumi/language.proto.
"""
# ruff: noqa: N802, ARG002
# Both rules speak of the methods' names and arguments, which are language.proto's.

from __future__ import annotations

import argparse
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

from lab.protocol import language_pb2 as pb
from lab.protocol import language_pb2_grpc, plugin_pb2

BAIL = 32
"""The executor's exit code for "the user was shown the error already" (pulumi-language-python-exec)."""

FACTS = Path(__file__).with_name("python_facts.py")
STOP_SECONDS = 5
"""How long a program may take to end after SIGTERM before it is killed, as with the stock host."""

Options = Mapping[str, Any]


class HostError(Exception):
    """A fault of the project's set-up; its text is what the user sees."""


class Toolchain:
    """The Python of one project: `runtime.options` of its Pulumi.yaml or PulumiPolicy.yaml."""

    def __init__(self, info: pb.ProgramInfo) -> None:
        """Read the options.

        Raises:
            HostError: an option is not one of the stand-in's.
        """
        options: Options = dict(info.options)
        if options.get("toolchain", "pip") != "pip":
            raise HostError(
                f"toolchain {options['toolchain']!r} is not supported by the lab's stand-in language host: "
                "use pip, or install the complete Pulumi CLI"
            )
        if "typechecker" in options:
            raise HostError("the typechecker option is not supported by the lab's stand-in language host: remove it")
        self.option = options.get("virtualenv", "")
        if not isinstance(self.option, str):
            raise HostError("the virtualenv option must be a string")
        self.program_directory = Path(info.program_directory)
        self.venv = Path(info.root_directory, self.option) if self.option else None

    @property
    def python(self) -> str:
        """The interpreter; without `virtualenv` the first on PATH.

        Raises:
            HostError: the virtual environment, or any Python, is missing; with the commands that make it.
        """
        if self.venv is None:
            command = shutil.which(os.environ.get("PULUMI_PYTHON_CMD", "python3")) or shutil.which("python")
            if command is None:
                raise HostError("there is no python3 on PATH: install Python, or name a virtualenv in Pulumi.yaml")
            return command
        python = self.venv / "bin" / "python"
        if not python.is_file():
            fault = "is not a virtual environment" if self.venv.exists() else "does not exist"
            # A policy pack is started from another folder than its own.
            folder = self.program_directory
            raise HostError(
                f"the virtualenv option of {folder} is {self.option!r}, but {self.venv} {fault}. To make it:\n\n"
                f"    python3 -m venv {self.venv}\n"
                f"    {python} -m pip install -r {folder / 'requirements.txt'}\n\n"
                f"(`pulumi install` in {folder} does the same.)"
            )
        return str(python)

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the virtual environment active."""
        variables = dict(os.environ)
        if self.venv is not None:
            variables.pop("PYTHONHOME", None)
            variables["VIRTUAL_ENV"] = str(self.venv)
            variables["PATH"] = f"{self.venv / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
        return variables

    def facts(self) -> dict[str, Any]:
        """Return what python_facts.py finds in this Python, or has found if nothing was installed in it since.

        The engine asks in every run, and each time of another process of this host.

        Raises:
            HostError: it does not run.
        """
        asked_of = [self.python, str(self.venv), os.environ.get("PYTHONPATH")]
        kept = Path(home, "python-facts.json") if (home := os.environ.get("PULUMI_HOME")) else None
        if kept and (known := _known_facts(kept, asked_of)):
            return known
        asked = subprocess.run(
            [self.python, str(FACTS)], env=self.environment(), capture_output=True, text=True, check=False
        )
        if asked.returncode != 0:
            raise HostError(f"{self.python} does not work:\n{asked.stderr.strip()}")
        facts: dict[str, Any] = json.loads(asked.stdout)
        if kept:
            partial = kept.with_suffix(f".{os.getpid()}")
            with suppress(OSError):
                partial.write_text(json.dumps({"of": asked_of, "facts": facts}), encoding="utf-8")
                partial.replace(kept)
        return facts


def _known_facts(kept: Path, asked_of: list[str | None]) -> dict[str, Any] | None:
    """Return the facts that a file has, if they are of this Python and each of its folders is as it was."""
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        facts: dict[str, Any] = known["facts"]
        changed = any(Path(folder).stat().st_mtime_ns != at for folder, at in facts["folders"].items())
        if known["of"] == asked_of and not changed:
            return facts
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not of this release
    return None


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):  # type: ignore[misc]  # generated
    """What the engine asks of a language host; what is not here (code generation, SDK linking) is unimplemented."""

    def __init__(self, executor: str, engine: str) -> None:
        """Run programs with `executor`, which dials the engine at that address."""
        self.executor = executor
        self.engine = engine
        self._children: set[subprocess.Popen[bytes]] = set()
        self._cancelled = threading.Event()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Take the engine's address from it."""
        self.engine = request.engine_address
        return pb.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Name the version, which is the SDK's."""
        from importlib.metadata import version  # no run asks for it

        return plugin_pb2.PluginInfo(version=f"v{version('pulumi')}")

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer `pulumi about`."""
        try:
            facts = Toolchain(request.info).facts()
        except HostError as error:
            _fail(context, error)
        return pb.AboutResponse(
            executable=facts["executable"],
            version=facts["version"],
            metadata={"toolchain": "Pip", "languageHost": "stand-in of the lab"},
        )

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List the project's packages: those nothing else requires, or all of them."""
        try:
            packages = Toolchain(request.info).facts()["packages"]
        except HostError as error:
            _fail(context, error)
        return pb.GetProgramDependenciesResponse(
            dependencies=[
                pb.DependencyInfo(name=package["name"], version=package["version"])
                for package in packages
                if package["direct"] or request.transitiveDependencies
            ]
        )

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List the provider plugins that the project's packages ask for."""
        try:
            packages = Toolchain(request.info).facts()["packages"]
        except HostError as error:
            _fail(context, error)
        return pb.GetRequiredPackagesResponse(
            packages=[_plugin(package) for package in packages if _has_plugin(package)]
        )

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Ask nothing."""
        return pb.RuntimeOptionsResponse()

    def Template(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Leave a new project as its template has it."""
        return pb.TemplateResponse()

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Answer `pulumi install`: make the virtual environment and install requirements.txt into it."""
        try:
            toolchain = Toolchain(request.info)
            if toolchain.venv is not None and not (toolchain.venv / "bin" / "python").exists():
                yield from self._install_step(toolchain, ["python3", "-m", "venv", str(toolchain.venv)])
            if (toolchain.program_directory / "requirements.txt").exists():
                yield from self._install_step(
                    toolchain, [toolchain.python, "-m", "pip", "install", "-r", "requirements.txt"]
                )
        except HostError as error:
            _fail(context, error)

    def _install_step(self, toolchain: Toolchain, command: list[str]) -> Iterator[Any]:
        child = self._start(command, toolchain.environment(), toolchain.program_directory, piped=True)
        for name, data in _output(child):
            yield pb.InstallDependenciesResponse(**{name: data})
        if self._wait(child) != 0:
            raise HostError(f"`{' '.join(command)}` failed")

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program and say how it ended."""
        if request.attach_debugger:
            _fail(context, HostError("the lab's stand-in language host has no --attach-debugger"))
        try:
            toolchain = Toolchain(request.info)
            command = [toolchain.python, self.executor, *self._arguments(request)]
        except HostError as error:
            _fail(context, error)
        variables = toolchain.environment()
        variables["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        variables["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        child = self._start(command, variables, None, piped=False)
        context.add_callback(lambda: _end(child))
        return _verdict(self._wait(child), cancelled=self._cancelled.is_set())

    def _arguments(self, request: Any) -> list[str]:
        named = {
            "monitor": request.monitor_address,
            "engine": self.engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        options = [word for name, value in named.items() if value for word in (f"--{name}", value)]
        return [*options, request.info.entry_point, *request.args]

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a policy pack, streaming its output; its first line is the port the engine dials."""
        if request.kind != "analyzer":
            _fail(context, HostError(f"the lab's stand-in language host runs policy packs, no {request.kind} plugins"))
        try:
            toolchain = Toolchain(request.info)
            command = [toolchain.python, "-u", "-m", "pulumi.policy", *request.args, request.info.program_directory]
        except HostError as error:
            _fail(context, error)
        # The engine's own variables (PULUMI_CONFIG and the like) win, as with the stock host.
        variables = toolchain.environment() | dict(entry.split("=", 1) for entry in request.env if "=" in entry)
        child = self._start(command, variables, toolchain.program_directory, piped=True)
        context.add_callback(lambda: _end(child))
        for name, data in _output(child):
            yield pb.RunPluginResponse(stdout=data) if name == "stdout" else pb.RunPluginResponse(stderr=data)
        yield pb.RunPluginResponse(exitcode=max(self._wait(child), 0))

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """End the program: Ctrl-C reached the engine, which is in another process group."""
        self.stop()
        return Empty()

    def stop(self) -> None:
        """End every child."""
        self._cancelled.set()
        for child in list(self._children):
            _end(child)

    def _start(
        self, command: list[str], variables: dict[str, str], cwd: Path | None, piped: bool
    ) -> subprocess.Popen[bytes]:
        # Unpiped, the program writes to the host's own streams, which the engine shows line by line.
        stream = subprocess.PIPE if piped else None
        child = subprocess.Popen(
            command, env=variables, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
        self._children.add(child)
        return child

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        code = child.wait()
        self._children.discard(child)
        return code


def _fail(context: grpc.ServicerContext, error: HostError) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort raises") from error


def _verdict(code: int, cancelled: bool) -> Any:
    """Translate an exit code for the engine, in the stock host's words."""
    if code == 0:
        return pb.RunResponse()
    if code == BAIL or cancelled:
        return pb.RunResponse(bail=True)
    if code < 0:
        return pb.RunResponse(error=f"program exited unexpectedly: signal: {signal.strsignal(-code)}")
    return pb.RunResponse(error=f"program exited with non-zero exit code: {code}")


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask a child to end, and see to it. SIGTERM, as SIGINT would end the program in a traceback."""
    if child.poll() is not None:
        return
    child.terminate()
    killer = threading.Timer(STOP_SECONDS, child.kill)
    killer.daemon = True  # whoever waits for the child keeps this process, and with it the timer, alive
    killer.start()


def _output(child: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield ("stdout" or "stderr", data) in the order of arrival until both are closed."""
    arrived: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def read(name: str, stream: IO[bytes]) -> None:
        while data := os.read(stream.fileno(), 65536):
            arrived.put((name, data))
        arrived.put((name, b""))

    for name in ("stdout", "stderr"):
        threading.Thread(target=read, args=(name, getattr(child, name)), daemon=True).start()
    open_streams = 2
    while open_streams:
        name, data = arrived.get()
        if data:
            yield name, data
        else:
            open_streams -= 1


def _has_plugin(package: dict[str, Any]) -> bool:
    """Say whether a package has a provider plugin: it says so itself, or its name does, as for the oldest SDKs."""
    if package["plugin"] is not None:
        return bool(package["plugin"].get("resource"))
    return package["name"].startswith("pulumi-") and package["name"] not in ("pulumi-policy", "pulumi-esc-sdk")


def _plugin(package: dict[str, Any]) -> Any:
    said = package["plugin"] or {}
    plugin = plugin_pb2.PackageDependency(
        name=said.get("name") or package["name"].removeprefix("pulumi-"),
        kind="resource",
        version="v" + (said.get("version") or package["version"]).removeprefix("v"),
        server=said.get("server") or "",
    )
    if parameter := said.get("parameterization"):
        plugin.parameterization.name = parameter["name"]
        plugin.parameterization.version = parameter["version"]
        plugin.parameterization.value = parameter.get("value", "").encode()
    return plugin


def serve(executor: str, engine: str) -> None:
    """Serve until the engine ends this process, interrupts it, or dies."""
    # Blocked here, SIGINT is blocked in the children too: only this loop hears it, and nobody prints a traceback.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    parent = os.getppid()
    host = LanguageHost(executor, engine)
    server = grpc.server(
        ThreadPoolExecutor(max_workers=32),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # A new parent means that the engine was killed; its program must not go on without it.
    while os.getppid() == parent and signal.sigtimedwait({signal.SIGINT}, 1.0) is None:
        pass
    host.stop()
    server.stop(STOP_SECONDS).wait()


def main() -> None:
    """Take the engine's address, the last argument; its logging flags mean nothing here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor", required=True, help="the SDK's pulumi-language-python-exec")
    parser.add_argument("engine", nargs="?", default="", help="the engine's address")
    known, _ = parser.parse_known_args()
    serve(known.executor, known.engine)

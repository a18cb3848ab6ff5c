"""Which engine a machine gets, and what its user is told where there is none to be had."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest

from lab.engine import build as engine
from lab.engine import left_out
from lab.engine.launcher import write_launcher
from lab.settings import LabError

LEFT_OUT = Path(engine.__file__).parent / "left_out"
GO_MOD = (engine.PROGRAM.module / "go.mod").read_text()
GO = """#!/bin/sh
echo "$*" >>"$(dirname "$0")/calls"
case "$1" in
env) echo go{version} ;;
mod) [ "$3" != -json ] || echo '{{"Dir": "{modules}/'"$4"'"}}' ;;
list) [ "$2" = -deps ] || echo "{sdk}" ;;
build)
    echo "go: downloading example.org/module v1.0.0" >&2
    {build}
    while [ "$1" != -o ]; do shift; done
    sleep 0.2
    echo engine >"$2"
    ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one empty folder before the system's tools, without any Go or Pulumi, and an empty cache."""
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


@pytest.fixture
def install(machine: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = machine / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def install_go(install: Callable[[str, str], Path], tmp_path: Path) -> Callable[..., Path]:
    def write(version: str = "1.26.8", build: str = ":") -> Path:
        executor = tmp_path / "sdk" / "python" / "cmd" / engine.EXECUTOR
        executor.parent.mkdir(parents=True)
        executor.write_text("the SDK's executor")
        modules = tmp_path / "modules"
        for place in left_out.stand_ins(LEFT_OUT, GO_MOD):
            (modules / place.package).mkdir(parents=True, exist_ok=True)
        return install("go", GO.format(version=version, build=build, sdk=tmp_path / "sdk", modules=modules))

    return write


def pulumi(version: str) -> str:
    return f"#!/bin/sh\necho {version}\n"


def cached(machine: Path) -> Path:
    return machine.parent / "cache" / "mysql-pair" / "engine" / engine.PROGRAM.folder.name


def test_the_package_that_tests_run_with_and_the_go_module_have_the_same_version() -> None:
    assert engine.pinned_version() == metadata.version("pulumi")


@pytest.fixture
def newer_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", {"pulumi": "998.0.0"}.__getitem__)


@pytest.mark.usefixtures("newer_package", "machine")
def test_a_package_newer_than_the_engine_that_is_built_is_told() -> None:
    with pytest.raises(LabError, match=r"pulumi is 998\.0\.0, newer than .* builds, 3\..*: install the Pulumi CLI 998"):
        engine.ensure_engine()


@pytest.mark.usefixtures("newer_package")
def test_a_package_newer_than_the_engine_that_is_built_runs_with_a_cli_as_new(
    install: Callable[[str, str], Path],
) -> None:
    path = install("pulumi", pulumi("v999.0.0"))
    install(engine.LANGUAGE_HOST, "#!/bin/sh\n")
    assert engine.ensure_engine().path == path


@pytest.mark.parametrize("newer", ["v{pinned}", "v999.0.0", "v999.0.0-alpha.1+abc"])
def test_a_cli_of_the_pinned_version_or_newer_is_used_as_it_is(install: Callable[[str, str], Path], newer: str) -> None:
    path = install("pulumi", pulumi(newer.format(pinned=engine.pinned_version())))
    install(engine.LANGUAGE_HOST, "#!/bin/sh\n")
    assert engine.ensure_engine() == engine.Engine(path, newer.format(pinned=engine.pinned_version())[1:], True)


def test_a_cli_without_its_language_host_gets_the_executor_of_the_sdk(
    install: Callable[[str, str], Path], install_go: Callable[..., Path], machine: Path
) -> None:
    install_go()
    install("pulumi", pulumi("v999.0.0"))
    assert not engine.ensure_engine().has_language_host
    executor = cached(machine) / engine.EXECUTOR
    assert executor.read_text() == "the SDK's executor"
    assert stat.S_IMODE(executor.stat().st_mode) == 0o755


@pytest.mark.parametrize("old", ["v3.1.0", "v2.999.0", "no version at all"])
def test_an_older_cli_is_passed_over(
    install: Callable[[str, str], Path], install_go: Callable[..., Path], machine: Path, old: str
) -> None:
    install("pulumi", pulumi(old))
    install_go()
    assert engine.ensure_engine().path == cached(machine) / "pulumi"


def test_the_shim_of_a_lab_is_not_taken_for_the_users_cli(machine: Path, install_go: Callable[..., Path]) -> None:
    write_launcher(machine / "pulumi", ["echo", "v999.0.0"])
    install_go()
    assert engine.ensure_engine().path == cached(machine) / "pulumi"


@pytest.mark.usefixtures("machine")
def test_without_cli_and_go_one_line_says_what_to_install() -> None:
    with pytest.raises(LabError) as told:
        engine.ensure_engine()
    assert f"install the Pulumi CLI {engine.pinned_version()} or newer, or Go 1.26 or newer" in str(told.value)
    assert "\n" not in str(told.value)


def test_too_old_a_go_is_told_with_its_version(install_go: Callable[..., Path]) -> None:
    install_go(version="1.19.3")
    with pytest.raises(LabError, match=r"Go 1\.26 or newer \(this one is 1\.19\.3\)"):
        engine.ensure_engine()


def test_two_runs_at_once_build_one_engine(
    machine: Path, install_go: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    install_go()
    with ThreadPoolExecutor() as pool:
        engines = set(pool.map(lambda _: engine.ensure_engine(), range(2)))
    assert engines == {engine.Engine(cached(machine) / "pulumi", engine.pinned_version(), False)}
    assert os.access(cached(machine) / "pulumi", os.X_OK)
    assert (machine / "calls").read_text().count("build -v") == 1
    assert engine.PROGRAM.expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ("echo 'verifying module: checksum mismatch' >&2; exit 1", "ends:\n.*checksum mismatch"),
        ("echo 'link: write: no space left on device' >&2; exit 1", "the disk is full.*2 GB"),
    ],
)
def test_a_failed_build_says_why_and_leaves_nothing_half_built(
    machine: Path, install_go: Callable[..., Path], build: str, told: str
) -> None:
    install_go(build=build)
    with pytest.raises(LabError, match=f"(?s){told}"):
        engine.ensure_engine()
    assert sorted(path.name for path in cached(machine).iterdir()) == ["build.log", "lock"]


def test_a_stand_in_takes_the_place_of_its_files_and_of_no_other(tmp_path: Path) -> None:
    fetched, folder, target = tmp_path / "fetched", tmp_path / "left_out", tmp_path / "source"
    for name in ("one/a.go", "one/a_test.go", "two/keep.go", "two/drop_x.go"):
        (fetched / name).parent.mkdir(parents=True, exist_ok=True)
        (fetched / name).write_text("package x\n")
    folder.mkdir()
    (folder / "first.go").write_text("// In the place of example.org/m/one: all of it.\npackage one\n")
    (folder / "second.go").write_text("// In the place of example.org/m/two, its drop_*.go: some.\npackage two\n")
    (folder / "third.go").write_text("// In the place of example.org/n: a whole module.\npackage n\n")
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text(
        "module x\n\ngo 1.26\n\nrequire (\n\texample.org/m v1.0.0\n\texample.org/n v1.0.0\n)\n"
    )
    (module / "go.sum").write_text("sums\n")
    left_out.write(target, module, folder, {"example.org/m": fetched}.__getitem__)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*.go")) == [
        "0/one/left_out_first.go",
        "0/two/keep.go",
        "0/two/left_out_second.go",
        "1/left_out_third.go",
    ]
    assert (target / "go.mod").read_text().endswith("replace example.org/m => ./0\nreplace example.org/n => ./1\n")
    assert (target / "1" / "go.mod").read_text() == "module example.org/n\n\ngo 1.26\n"
    assert (fetched / "one" / "a.go").exists()

"""The pack under the real engine: one preview of many small programs, and what the pack's config changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from pulumi import automation as auto
from pulumi.automation.events import EngineEvent, PolicyEvent
from pulumi.runtime.proto import provider_pb2_grpc

from lab.cloud.store import Store
from lab.engine import environment
from lab.engine.build import ensure_engine
from lab.settings import Lab
from lab.testing.fake_plane import FakePlane
from tests.policy.aws_on_paper import AwsOnPaper
from tests.policy.cases import CASES, PASSWORD, Case
from tests.policy.pack import PACK, install

Program = Callable[[], None]


@dataclass(frozen=True)
class Preview:
    """How a preview ended, and what the pack said in it."""

    failed: bool
    text: str
    violations: list[PolicyEvent]

    def of(self, name: str) -> dict[str, str]:
        """Return all that was said of the resource of that name, by rule."""
        said: dict[str, str] = {}
        for found in self.violations:
            if str(found.resource_urn).split("::")[-1] == name:
                said[found.policy_name] = said.get(found.policy_name, "") + found.message
        return said


@dataclass(frozen=True)
class Rig:
    """A lab's Pulumi, and an aws provider that makes nothing."""

    lab: Lab
    folder: Path
    variables: Mapping[str, str]

    def preview(self, program: Program, config: Mapping[str, object] | None = None) -> Preview:
        """Run `pulumi preview --policy-pack policy`."""
        stack = auto.create_or_select_stack(
            "t",
            "another-project",
            program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(self.folder),
                env_vars=dict(self.variables),
                pulumi_command=auto.PulumiCommand(str(self.lab.bin.parent)),
            ),
        )
        stack.set_config("aws:region", auto.ConfigValue("eu-central-1"))
        configs = []
        if config is not None:
            (self.folder / "policy.json").write_text(json.dumps(config))
            configs = [str(self.folder / "policy.json")]
        violations: list[PolicyEvent] = []
        told: list[str] = []

        def hear(event: EngineEvent) -> None:
            if event.policy_event:
                violations.append(event.policy_event)

        try:
            stack.preview(
                policy_packs=[str(PACK)],
                policy_pack_configs=configs,
                on_event=hear,
                on_output=told.append,
                color="never",
            )
        except auto.CommandError as error:
            return Preview(True, "\n".join([*told, str(error)]), violations)
        return Preview(False, "\n".join(told), violations)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    lab = Lab("lab", tmp_path_factory.mktemp("policy") / "lab")
    environment.prepare(lab, ensure_engine())
    install(environment.variables(lab))
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsOnPaper(lab, FakePlane(Store(lab.cloud))), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield Rig(
        lab,
        tmp_path_factory.mktemp("program"),
        {**environment.variables(lab), "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"},
    )
    server.stop(None)


def all_cases() -> None:
    for case in CASES:
        case.program(case.name)


@pytest.fixture(scope="module")
def preview(rig: Rig) -> Preview:
    """One preview of all cases."""
    return rig.preview(all_cases)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_small_program_passes_a_rule_or_violates_it(preview: Preview, case: Case) -> None:
    said = preview.of(case.name)
    if case.says:
        assert case.says in said[case.rule]
        assert f"\n{case.name}: " in said[case.rule]  # under the rule itself, which comes first
    else:
        assert said == {}


def test_nothing_else_is_wrong_with_the_programs(preview: Preview) -> None:
    errors = [line.partition("error: ")[2] for line in preview.text.splitlines() if "error: " in line]
    assert set(errors) == {"preview failed"}


def test_no_violation_shows_the_secret(preview: Preview) -> None:
    assert PASSWORD not in "".join(found.message for found in preview.violations)


def test_by_default_tags_and_types_are_advice_and_all_else_is_mandatory(preview: Preview) -> None:
    assert preview.failed
    advisory = {found.policy_name for found in preview.violations if found.enforcement_level == "advisory"}
    mandatory = {found.policy_name for found in preview.violations if found.enforcement_level == "mandatory"}
    assert advisory == {"required-tags", "instance-types"}
    assert advisory | mandatory == {case.rule for case in CASES}


def test_the_packs_config_makes_rules_advice_or_takes_them_away(rig: Rig) -> None:
    config = {"all": "advisory", "no-world-ingress": "disabled", "instance-types": {"types": ["m6i.*"]}}
    found = rig.preview(all_cases, config)
    assert not found.failed
    assert {one.enforcement_level for one in found.violations} == {"advisory"}
    rules = {one.policy_name for one in found.violations}
    assert "no-world-ingress" not in rules
    assert found.of("large-instance") == {}
    assert "t3.micro is none of the allowed" in found.of("small-instance")["instance-types"]


BAD_CONFIGS = [
    ({"ssh-from-few": {"prefix": "eight"}}, "ssh-from-few: prefix: Invalid type. Expected: integer, given: string"),
    (
        {"ssh-from-few": {"prefx": 16}},
        "policy ssh-from-few has no setting prefx; its settings: ports, prefix, prefixIpv6",
    ),
    ({"imdsv2": "strict"}, '"strict" is not a valid enforcement level'),
]


@pytest.mark.parametrize(("config", "says"), BAD_CONFIGS)
def test_a_fault_in_the_packs_config_is_told(rig: Rig, config: Mapping[str, object], says: str) -> None:
    found = rig.preview(lambda: None, config)
    assert found.failed
    assert says in found.text

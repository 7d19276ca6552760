"""The import contracts of pyproject.toml hold, and each one breaks on a violation planted in a copy.

A contract that nothing can break proves nothing; so every contract must appear in ``PLANTED``.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    ROOT / "shared/src/shared",
    ROOT / "services/org-units/src/org_units",
    ROOT / "services/member/src/member",
    ROOT / "services/volunteer/src/volunteer",
    ROOT / "services/aggregator/src/aggregator",
    ROOT / "deploy/embedded/src/embedded",
    ROOT / "deploy/cli/src/registry_cli",
]


class Plant(NamedTuple):
    """One violation: lines written into modules of the copy, and the contract they must break."""

    contract: str
    modules: dict[str, str]


PLANTED = {
    "a service imports another": Plant("services", {"member/service": "import volunteer.domain"}),
    "shared imports a service": Plant("services", {"shared/clock": "import member.domain"}),
    "shared imports the supervisor": Plant("services", {"shared/clock": "import embedded"}),
    "the command line imports a service": Plant(
        "deployment", {"registry_cli/main": "import aggregator.store"}
    ),
    "storage calls the HTTP edge": Plant("writers", {"org_units/store": "import org_units.api"}),
    "schemas import storage": Plant("writers", {"member/schemas": "import member.store"}),
    "rules read a setting": Plant("writers", {"volunteer/domain": "import volunteer.settings"}),
    "a writer grows a module without a place": Plant("writers", {"member/utils": ""}),
    "projection reads storage": Plant(
        "aggregator", {"aggregator/projection": "import aggregator.store"}
    ),
    "the aggregator grows a module without a place": Plant("aggregator", {"aggregator/misc": ""}),
    "rules know the framework": Plant("pure", {"member/domain": "from fastapi import Query"}),
    "projection knows the database": Plant("pure", {"aggregator/projection": "import pymongo"}),
    "event contracts reach the broker through another module": Plant(
        "pure", {"shared/events/envelope": "import shared.kafka"}
    ),
    "a second door to Kafka": Plant(
        "kafka", {"aggregator/worker": "from kafka import TopicPartition"}
    ),
    "the HTTP edge queries MongoDB": Plant(
        "mongo", {"member/api": "from pymongo import MongoClient"}
    ),
    "a use case uses a mongoengine class": Plant(
        "mongo", {"org_units/service": "from mongoengine import Document"}
    ),
    "a use case answers HTTP": Plant(
        "http", {"volunteer/service": "from fastapi import HTTPException"}
    ),
    "a cycle in shared": Plant(
        "cycles",
        {
            "shared/planted_a": "import shared.planted_b",
            "shared/planted_b": "import shared.planted_a",
        },
    ),
}


def contracts() -> dict[str, str]:
    """Return the name of each contract by its id."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {c["id"]: c["name"] for c in config["tool"]["importlinter"]["contracts"]}


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the real command; packages in ``folder`` win over the installed ones."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every package and the contracts."""
    folder = tmp_path_factory.mktemp("packages")
    for source in SOURCES:
        shutil.copytree(
            source,
            folder / source.name,
            ignore=lambda at, names: {
                n for n in names if not (n.endswith(".py") or (Path(at) / n).is_dir())
            },
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Plant the lines in the copy, and take them out again afterwards."""
    plant: Plant = request.param
    before: dict[Path, str | None] = {}
    for module, line in plant.modules.items():
        package = copy / module
        file = package / "__init__.py" if package.is_dir() else package.with_suffix(".py")
        before[file] = file.read_text(encoding="utf-8") if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{before[file] or ''}\n{line}\n", encoding="utf-8")
    yield copy
    for file, text in before.items():
        if text is None:
            file.unlink()
        else:
            file.write_text(text, encoding="utf-8")


def test_every_contract_is_kept() -> None:
    result = lint_imports(ROOT, "--cache-dir", ".import_linter_cache")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken." in result.stdout


def test_the_copy_keeps_every_contract(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_has_a_planted_violation() -> None:
    assert {plant.contract for plant in PLANTED.values()} == set(contracts())


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED, indirect=True)
def test_a_planted_violation_breaks_its_contract(
    planted: Path, request: pytest.FixtureRequest
) -> None:
    contract = request.node.callspec.params["planted"].contract
    result = lint_imports(planted, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contracts()[contract]} BROKEN" in result.stdout

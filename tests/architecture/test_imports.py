"""The import contracts of pyproject.toml hold, and each one breaks on a violation planted.

A contract that nothing can break proves nothing; so every contract must appear in ``PLANTED``.
The graph of imports is built once. Violations are planted in copies of it, and import-linter's own
contracts, read by its own reader, judge them in this process; once they are planted in files and
judged by the command that `make check` runs.
"""

import os
import shutil
import subprocess
import sys
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import grimp
import pytest
from importlinter import Contract
from importlinter.api import read_configuration
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "pyproject.toml"


class Plant(NamedTuple):
    """One violation: modules and imports added to the graph, and the contract they must break."""

    contract: str
    imports: tuple[str, ...] = ()
    """Each as import-linter writes it: who imports -> what is imported."""
    new: tuple[str, ...] = ()
    """Modules that are not there; every other one an import names must be."""


PLANTED = {
    "a service imports another": Plant(
        "services", ("member.membership.service -> volunteer.enrolment.rules",)
    ),
    "shared imports a service": Plant(
        "services", ("shared.base.clock -> member.membership.rules",)
    ),
    "shared imports the supervisor": Plant("services", ("shared.base.clock -> embedded",)),
    "the base imports the contract": Plant(
        "rooms", ("shared.base.clock -> shared.contract.timeline",)
    ),
    "the contract imports the pipeline": Plant(
        "rooms", ("shared.contract.timeline -> shared.pipeline.outbox",)
    ),
    "the pipeline imports the edge": Plant(
        "rooms", ("shared.pipeline.outbox -> shared.web.fields",)
    ),
    "the edge imports the register": Plant("rooms", ("shared.web.edge -> shared.register.trail",)),
    "the register imports persons": Plant(
        "rooms", ("shared.register.entity -> shared.people.sealed",)
    ),
    "tables import persons": Plant("rooms", ("shared.tables.cells -> shared.people.codes",)),
    "persons import tables": Plant("rooms", ("shared.people.codes -> shared.tables.cells",)),
    "shared grows a module without a room": Plant("rooms", new=("shared.misc",)),
    "units know persons": Plant("persons", ("org_units.units.rules -> shared.people.codes",)),
    "figures know persons": Plant("persons", ("aggregator.figures.rules -> shared.people.codes",)),
    "the command line imports a service": Plant(
        "deployment", ("registry_cli.main -> aggregator.intake.store",)
    ),
    "storage calls the HTTP edge": Plant(
        "nouns", ("org_units.units.store -> org_units.units.api",)
    ),
    "schemas import storage": Plant(
        "nouns", ("member.membership.schemas -> member.membership.store",)
    ),
    "settings know a noun": Plant("writers", ("volunteer.settings -> volunteer.enrolment.rules",)),
    "a writer grows a module without a place": Plant("writers", new=("member.utils",)),
    "a noun grows a module without a place": Plant("nouns", new=("member.membership.utils",)),
    "units know the divisions": Plant(
        "writers", ("org_units.units.service -> org_units.divisions.rules",)
    ),
    "a seed queries the store of units": Plant(
        "stores", ("org_units.divisions.service -> org_units.units.store",)
    ),
    "intake imports the figures": Plant(
        "aggregator", ("aggregator.intake.service -> aggregator.figures.rules",)
    ),
    "the figures import the recount": Plant(
        "aggregator", ("aggregator.figures.service -> aggregator.recount.rules",)
    ),
    "the aggregator grows a noun without a place": Plant("aggregator", new=("aggregator.misc",)),
    "projection reads storage": Plant(
        "aggregator-nouns", ("aggregator.intake.projection -> aggregator.intake.store",)
    ),
    "a use case of figures calls the stream": Plant(
        "aggregator-nouns", ("aggregator.figures.service -> aggregator.figures.stream",)
    ),
    "a noun of the aggregator grows a module without a place": Plant(
        "aggregator-nouns", new=("aggregator.plans.misc",)
    ),
    "figures query the counters": Plant(
        "aggregator-intake", ("aggregator.figures.queries -> aggregator.intake.store",)
    ),
    "the stream of figures opens the feed past the service": Plant(
        "aggregator-intake", ("aggregator.figures.stream -> aggregator.intake.feed",)
    ),
    "divisions take the bodies of requests about units": Plant(
        "stores", ("org_units.divisions.service -> org_units.units.schemas",)
    ),
    "a recount queries the figures past their service": Plant(
        "aggregator-figures", ("aggregator.recount.service -> aggregator.figures.queries",)
    ),
    "a recount queries the dead letters": Plant(
        "aggregator-deadletters", ("aggregator.recount.service -> aggregator.deadletters.store",)
    ),
    "dead letters query the recounts": Plant(
        "aggregator-recount", ("aggregator.deadletters.api -> aggregator.recount.store",)
    ),
    "rules know the framework": Plant("pure", ("member.membership.rules -> fastapi",)),
    "projection knows the database": Plant("pure", ("aggregator.intake.projection -> pymongo",)),
    "rules of a noun know the framework": Plant("pure", ("aggregator.recount.rules -> fastapi",)),
    "event contracts reach the broker through another module": Plant(
        "pure", ("shared.contract.events.envelope -> shared.pipeline.kafka",)
    ),
    "tables know the framework": Plant("pure", ("shared.tables.table -> fastapi",)),
    "a second door to Kafka": Plant("kafka", ("aggregator.intake.handler -> kafka",)),
    "the HTTP edge queries MongoDB": Plant("mongo", ("member.membership.api -> pymongo",)),
    "a use case uses a mongoengine class": Plant(
        "mongo", ("org_units.units.service -> mongoengine",)
    ),
    "a use case of figures queries MongoDB": Plant(
        "mongo", ("aggregator.figures.service -> pymongo",)
    ),
    "a use case of figures answers HTTP": Plant("http", ("aggregator.figures.service -> fastapi",)),
    "a use case answers HTTP": Plant("http", ("volunteer.enrolment.service -> fastapi",)),
    "a cycle between nouns of the aggregator": Plant(
        "cycles", ("aggregator.intake.service -> aggregator.deadletters.service",)
    ),
    "a cycle in shared": Plant(
        "cycles",
        ("shared.planted_a -> shared.planted_b", "shared.planted_b -> shared.planted_a"),
        new=("shared.planted_a", "shared.planted_b"),
    ),
}


@cache
def configuration() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what holds for every contract, and the definition of each by its id."""
    read = read_configuration(str(CONFIGURATION))
    return read["session_options"], {one["id"]: one for one in read["contracts_options"]}


def contract(identity: str) -> Contract:
    """Return a contract of pyproject.toml as the command makes it.

    Its way from the name of a type to the class is private (``use_cases._register_contract_types``)
    while the classes and their ``type_name`` are not: of these, the four that we use.
    """
    kinds = (LayersContract, ForbiddenContract, ProtectedContract, AcyclicSiblingsContract)
    by_type: dict[str, type[Contract]] = {kind.type_name: kind for kind in kinds}
    session, definitions = configuration()
    options = definitions[identity]
    return by_type[options["type"]](options["name"], session, options)


def is_kept(identity: str, graph: grimp.ImportGraph) -> bool:
    """Return whether a graph keeps a contract; the graph stays as it is."""
    return contract(identity).check(deepcopy(graph), verbose=False).kept


def with_planted(graph: grimp.ImportGraph, plant: Plant) -> grimp.ImportGraph:
    """Return a copy of a graph with a violation in it."""
    planted = deepcopy(graph)
    for module in plant.new:
        assert module not in graph.modules
        planted.add_module(module)
    for line in plant.imports:
        importer, imported = line.split(" -> ")
        # Otherwise a misspelt name would be a new module, and break a contract as such.
        assert {importer, imported} <= planted.modules
        planted.add_import(importer=importer, imported=imported)
    return planted


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Return who imports whom in all our packages, from their files as they are now."""
    session, _ = configuration()
    return grimp.build_graph(
        *session["root_packages"],
        include_external_packages=session["include_external_packages"] == "True",
        exclude_type_checking_imports=session.get("exclude_type_checking_imports") == "True",
        cache_dir=None,
    )


@pytest.mark.parametrize("identity", configuration()[1])
def test_every_import_contract_is_kept(graph: grimp.ImportGraph, identity: str) -> None:
    assert is_kept(identity, graph)


def test_every_import_contract_has_a_planted_violation() -> None:
    assert {plant.contract for plant in PLANTED.values()} == set(configuration()[1])


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_violation_breaks_its_import_contract(
    graph: grimp.ImportGraph, plant: Plant
) -> None:
    assert not is_kept(plant.contract, with_planted(graph, plant))


def copied_packages(folder: Path) -> None:
    """Copy every package and the contracts."""
    session, _ = configuration()
    for name in session["root_packages"]:
        source = Path(str(files(name)))
        for module in source.rglob("*.py"):
            copy = folder / module.relative_to(source.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(module, copy)
    shutil.copy(CONFIGURATION, folder)


def test_the_command_for_import_contracts_finds_what_is_planted_in_a_file(tmp_path: Path) -> None:
    """The command, its configuration and its exit code: what the rest of this file goes past."""
    copied_packages(tmp_path)
    with (tmp_path / "member/membership/api.py").open("a", encoding="utf-8") as module:
        module.write("\nfrom pymongo import MongoClient\n")
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    definitions = configuration()[1]
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{definitions['mongo']['name']} BROKEN" in result.stdout
    assert "member.membership.api -> pymongo" in result.stdout
    assert f"Contracts: {len(definitions) - 1} kept, 1 broken." in result.stdout

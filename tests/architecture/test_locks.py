"""The locks are hash-pinned, agree with one another, and hold what the packages ask for."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["runtime", "build", "embedded", "dev"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ \\;]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Return the version of each distribution in a lock."""
    return dict(PIN.findall((ROOT / f"requirements/{lock}.lock").read_text(encoding="utf-8")))


def normal(requirement: str) -> str:
    """Return the normalised distribution name of a requirement."""
    name = re.split(r"[\[ ;<>=!~]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_file_has_a_hash(lock: str) -> None:
    text = (ROOT / f"requirements/{lock}.lock").read_text(encoding="utf-8")
    unhashed = [
        entry.split("\n", maxsplit=1)[0]
        for entry in re.split(r"\n(?=[a-z0-9])", text)
        if "==" in entry and "--hash=sha256:" not in entry
    ]
    assert unhashed == []


@pytest.mark.parametrize(
    ("smaller", "larger"), [("runtime", "embedded"), ("build", "embedded"), ("embedded", "dev")]
)
def test_a_larger_lock_file_pins_what_the_smaller_one_pins(smaller: str, larger: str) -> None:
    inner, outer = pins(smaller), pins(larger)
    assert inner
    assert {name: (v, outer.get(name)) for name, v in inner.items() if outer.get(name) != v} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_pinned_in_the_lock_file(lock: str) -> None:
    text = (ROOT / f"requirements/{lock}.in").read_text(encoding="utf-8")
    asked = {normal(line) for line in text.splitlines() if line and line[0] not in "#-"}
    assert asked - pins(lock).keys() == set()


def test_every_dependency_of_a_package_is_pinned_in_the_lock_file() -> None:
    locked = pins("runtime").keys()
    missing = {}
    projects = [*ROOT.glob("shared/pyproject.toml")]
    projects += [*ROOT.glob("services/*/pyproject.toml"), *ROOT.glob("deploy/*/pyproject.toml")]
    assert len(projects) == 7
    for project in projects:
        asked = {
            normal(requirement)
            for requirement in tomllib.loads(project.read_text(encoding="utf-8"))["project"].get(
                "dependencies", []
            )
        }
        absent = {name for name in asked - locked if not name.startswith("redcross-")}
        if absent:
            missing[str(project.relative_to(ROOT))] = absent
    assert missing == {}

"""Rules and services of a noun know entities and commands, never the dictionaries they are stored in."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(ROOT.glob("services/*/src/*/*/rules.py")) + sorted(
    ROOT.glob("services/*/src/*/*/service.py")
) + [
    ROOT / "shared/src/shared/people/register.py", ROOT / "shared/src/shared/register/register.py",
]  # fmt: skip
UNTYPED = re.compile(
    r"\[Insert\b|\b(?:dict|Mapping|MutableMapping)\[str, Any\]|\bDocument\b|\bCallable\b"
)


def untyped(source: str) -> list[str]:
    """Return the lines of a module that use a dictionary of anything, or a callback."""
    return [line.strip() for line in source.splitlines() if UNTYPED.search(line)]


def test_there_are_rules_and_services_whose_types_are_checked() -> None:
    assert len(MODULES) >= 7


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_types_of_rules_and_services_are_no_dictionaries(module: Path) -> None:
    assert untyped(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "def state_of(document: Mapping[str, Any]) -> State:",
        "    fields: dict[str, Any] = {}",
        "from shared.base.mongo import Document",
        "    inserts: tuple[Insert, ...] = ()",
        "def act(fields: Callable[[Document], Fields]) -> None:",
    ],
)
def test_the_check_of_types_finds_an_untyped_dictionary(line: str) -> None:
    assert untyped(f"import x\n{line}\n") == [line.strip()]

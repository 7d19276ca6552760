"""Which tests share a worker: a plugin of pytest-xdist (``make test`` starts one for each core).

Whatever looks at one whole running system stays on one worker, so that only one is started; a folder
whose tests share an application and a database does too, and any other file. What takes long begins.
"""

from typing import Any

import pytest

SYSTEM = ("tests/e2e/", "tests/attack/", "tests/chaos/")
"""Tests that take the fixture ``system``."""
OWN_SYSTEM = "tests/e2e/test_restart.py"
"""It starts, stops and kills one of its own."""
SHARED = (
    "tests/integration/member/", "tests/integration/volunteer/", "tests/integration/org_units/",
    "tests/integration/aggregator/",
)  # fmt: skip
"""Folders with fixtures of package scope."""


def group_of(nodeid: str) -> str:
    """Return the name of the group a test belongs to."""
    file = nodeid.partition("::")[0]
    if file.startswith(SYSTEM) and file != OWN_SYSTEM:
        return SYSTEM[0]
    return next((folder for folder in SHARED if file.startswith(folder)), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each group together and begin with what takes long; the rest of the order is drawn."""
    drawn: dict[str, int] = {}
    for item in items:
        drawn.setdefault(group_of(item.nodeid), len(drawn))

    def place(item: pytest.Item) -> tuple[int, int]:
        group = group_of(item.nodeid)
        firsts = (group == SYSTEM[0], group == OWN_SYSTEM, group.startswith("tests/integration/"))
        return (firsts.index(True) if any(firsts) else len(firsts), drawn[group])

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole groups, in the order they were collected in."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)

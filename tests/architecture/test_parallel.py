"""What shares a whole system, or a folder's fixtures, stays on one worker; the largest begin."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.parallel import group_of, pytest_collection_modifyitems


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/e2e/test_paths.py::test_a", "tests/e2e/"),
        ("tests/chaos/test_trials.py::test_b", "tests/e2e/"),
        ("tests/attack/test_tokens.py::test_b", "tests/e2e/"),
        ("tests/e2e/test_restart.py::test_b", "tests/e2e/test_restart.py"),
        ("tests/integration/member/test_life.py::test_c[x::y]", "tests/integration/member/"),
        ("tests/integration/test_recount.py::test_d", "tests/integration/test_recount.py"),
        ("tests/unit/shared/test_web.py::test_e", "tests/unit/shared/test_web.py"),
    ],
)
def test_tests_that_share_a_system_or_a_folder_share_a_parallel_group(
    test: str, group: str
) -> None:
    assert group_of(test) == group


def test_parallel_groups_stay_together_and_the_largest_begin() -> None:
    drawn = ["unit/test_b.py::one", "integration/member/test_a.py::two", "e2e/test_restart.py::three",
             "unit/test_a.py::four", "attack/test_a.py::five", "integration/member/test_b.py::six",
             "unit/test_b.py::seven", "chaos/test_a.py::eight"]  # fmt: skip
    items: Any = [SimpleNamespace(nodeid=f"tests/{name}") for name in drawn]
    pytest_collection_modifyitems(items)
    assert [item.nodeid.partition("::")[2] for item in items] == [
        "five", "eight", "three", "two", "six", "one", "seven", "four",
    ]  # fmt: skip

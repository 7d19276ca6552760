"""Every planted bug can be planted, and names tests that exist; what a run says is judged rightly."""

import ast
from pathlib import Path

import pytest

from tests.mutants.planted import PLANTED
from tests.mutants.planting import Planted
from tests.mutants.verdict import Verdict, judge
from tests.mutants.worktree import Worktree

ROOT = Path(__file__).resolve().parents[2]
each = pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)


def test_there_are_enough_planted_bugs_and_each_has_a_name_of_its_own() -> None:
    assert len(PLANTED) >= 20
    assert len({planted.name for planted in PLANTED}) == len(PLANTED)


@each
def test_a_planted_bug_makes_another_program_of_its_file(planted: Planted) -> None:
    sound = (ROOT / planted.file).read_text(encoding="utf-8")
    spoilt = planted.plant(sound)
    # Another program, and not the same one written differently.
    assert ast.dump(ast.parse(spoilt)) != ast.dump(ast.parse(sound))


@each
def test_the_tests_that_catch_a_planted_bug_exist(planted: Planted) -> None:
    assert planted.caught_by
    for test in planted.caught_by:
        name, _, function = test.partition("::")
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        known = {node.name for node in tree.body if isinstance(node, functions)}
        assert any(one.startswith("test_") for one in known)
        assert not function or function in known, test
        assert function == "" or function.startswith("test_")


def test_a_bug_whose_place_occurs_twice_or_not_at_all_is_not_planted() -> None:
    planted = Planted("n", "A promise.", "shared/src/shared/base/log.py", "a", "b", ())
    assert planted.plant("a c") == "b c"
    for text in ("", "a a"):
        with pytest.raises(ValueError, match=f"found {len(text.split())} times"):
            planted.plant(text)


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("shared/src/shared/pipeline/relay/sending.py", "shared.pipeline.relay.sending"),
        ("services/org-units/src/org_units/units/__init__.py", "org_units.units"),
    ],
)
def test_the_file_of_a_planted_bug_is_imported_by_its_name_below_src(
    file: str, module: str
) -> None:
    assert Planted("n", "A promise.", file, "a", "b", ()).module == module


NAME = "tests/unit/test_x.py::test_y[found by the abort]"


@pytest.mark.parametrize(
    ("code", "output", "verdict", "reason"),
    [
        (1, f"FAILED {NAME} - AssertionError: 1 - 2\n", Verdict.CAUGHT, NAME),
        (1, f"FAILED {NAME}\n", Verdict.CAUGHT, NAME),
        (1, f"FAILED {NAME} - Failed: DID NOT RAISE\nERROR {NAME} - x\n", Verdict.CAUGHT, NAME),
        (0, "1 passed", Verdict.SURVIVED, "every test passed"),
        (1, f"ERROR {NAME} - ServerFailed: no Java\n", Verdict.INVALID, "no test failed"),
        (1, f"FAILED {NAME} - ImportError: cannot import name\n", Verdict.INVALID, "ImportError"),
        (1, f"FAILED {NAME} - NameError: name 'x'\n", Verdict.INVALID, "NameError"),
        (1, "", Verdict.INVALID, "no test failed"),
        (2, "ERROR tests/unit/test_x.py - SyntaxError: invalid\n", Verdict.INVALID, "code 2"),
        (4, f"FAILED {NAME} - AssertionError\n", Verdict.INVALID, "code 4"),
        (5, "no tests ran", Verdict.INVALID, "code 5"),
        (-9, "", Verdict.INVALID, "code -9"),
    ],
)
def test_a_planted_bug_is_caught_by_a_test_that_failed_and_by_nothing_else(
    code: int, output: str, verdict: Verdict, reason: str
) -> None:
    judgement = judge(code, output)
    assert judgement.verdict is verdict
    assert reason in judgement.reason


def a_copy(folder: Path, *, packaged: bool, test: str) -> tuple[Worktree, Planted]:
    """Return a tiny checkout, and a bug for it."""
    planted = Planted(
        "n", "It is one.", "shared/src/shared/base/clock.py", "= 1", "= 2", ("tests",)
    )
    source = folder / planted.file
    source.parent.mkdir(parents=True)
    source.write_text("ONE = 1\n", encoding="utf-8")
    if packaged:
        for package in (source.parent, source.parent.parent):
            (package / "__init__.py").touch()
    (folder / "tests").mkdir()
    text = f"def test_it():\n    from shared.base.clock import ONE\n    {test}\n"
    (folder / "tests/test_it.py").write_text(text, encoding="utf-8")
    return Worktree(folder), planted


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("assert ONE == 1", Verdict.CAUGHT),
        ("assert ONE", Verdict.SURVIVED),
        ("import nothing_of_that_name", Verdict.INVALID),
    ],
)
def test_a_bug_is_planted_tried_and_taken_out(tmp_path: Path, test: str, verdict: Verdict) -> None:
    copy, planted = a_copy(tmp_path, packaged=True, test=test)
    tried = copy.try_out(planted, planted.caught_by)
    assert tried.judgement.verdict is verdict, tried.judgement
    assert (tmp_path / planted.file).read_text(encoding="utf-8") == "ONE = 1\n"


def test_a_bug_in_a_file_that_is_not_the_one_imported_proves_nothing(tmp_path: Path) -> None:
    copy, planted = a_copy(tmp_path, packaged=False, test="assert ONE == 1")
    tried = copy.try_out(planted, planted.caught_by)
    assert tried.judgement.verdict is Verdict.INVALID
    assert "not imported from here" in tried.judgement.reason

"""Code that two services share is found: as it is, with other names, with a line more or less."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.duplicates import MOST_LINES, ROOT, Pair, main, pairs

CODE = '''"""A module."""

from alpha import one


def settle(register, caller, rows):
    """Settle the rows of a page.

    Args:
        register: where they are entered.
    """
    found = register.look_up(caller, rows)
    total = 0
    for row in found:
        if row.amount < 0:
            raise ValueError(row.name)
        total += row.amount * one(row.rate)
    # A comment in between.
    register.note(caller, total)

    if total > 1_000:
        register.ask(caller, [row.name for row in found])
    return total
'''
LINES = 11
RENAMED = {"register": "book", "caller": "principal", "found": "known", "total": "sum_of_all"}


def planted(folder: Path, other: str) -> list[Pair]:
    """Return the pairs in two folders, of which the second has this code."""
    folders = [folder / "one", folder / "other"]
    for name, code in zip(folders, (CODE, other), strict=True):
        name.mkdir()
        (name / "module.py").write_text(code, encoding="utf-8")
    return pairs(folders)


def renamed() -> str:
    """Return the code with other names."""
    code = CODE
    for old, new in RENAMED.items():
        code = code.replace(old, new)
    return code


@pytest.mark.parametrize(
    "other",
    [CODE, renamed(), CODE.replace("    total = 0\n", "    total = 0\n    seen = set()\n")],
    ids=["as it is", "other names", "one line more"],
)
def test_a_planted_duplicate_is_found_and_its_lines_of_code_are_counted(
    tmp_path: Path, other: str
) -> None:
    assert [pair.lines for pair in planted(tmp_path, other)] == [LINES]
    assert LINES > MOST_LINES


def test_a_duplicate_within_one_folder_is_not_reported(tmp_path: Path) -> None:
    assert planted(tmp_path, "x = 1\n" * 20) == []
    (tmp_path / "one/again.py").write_text(CODE, encoding="utf-8")
    assert pairs([tmp_path / "one", tmp_path / "other"]) == []


def test_imports_and_docstrings_alone_are_not_reported_as_duplicates(tmp_path: Path) -> None:
    names = "".join(f"    name_{number},\n" for number in range(40))
    text = "".join(f"    Line {number} of a long text.\n" for number in range(40))
    code = f'"""A module.\n\n{text}"""\n\nimport alpha\nfrom beta import (\n{names})\n'
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder, rest in zip(folders, ("x = alpha.y(1)\n" * 9, "y = [name_1]\n" * 9), strict=True):
        folder.mkdir()
        (folder / "module.py").write_text(code + rest, encoding="utf-8")
    assert pairs(folders) == []


def test_the_command_prints_the_duplicates_and_fails(tmp_path: Path) -> None:
    planted(tmp_path, renamed())
    folders = [str(tmp_path / name) for name in ("one", "other")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.duplicates", *folders],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert f"{LINES} lines: " in done.stdout
    assert all(f"{folder}/module.py:" in done.stdout for folder in folders)


def test_the_command_for_duplicates_passes_without_any_and_fails_without_a_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(subprocess.CalledProcessError):
        main([str(tmp_path / "empty")])
    planted(tmp_path, "import alpha\n\nprint(alpha.one(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))\n")
    assert main([str(tmp_path / "one"), str(tmp_path / "other")]) == 0

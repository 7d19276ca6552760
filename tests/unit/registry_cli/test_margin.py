"""What a roster has next to the columns that are imported: listed first, and refused by row."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from registry_cli.importing.report import path_beside
from tests.unit.registry_cli.registry_stub import HEADER, LI, WANG, RegistryStub, problem

Import = Callable[..., Result]


def roster(path: Path, header: str, *lines: str) -> Path:
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_columns_of_a_roster_that_are_not_imported_are_listed_before_anything_is_sent(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    """Seen: they were listed in the last line, when everything had been sent."""
    stub.intercept = lambda _: problem(500, "no page is taken")
    path = roster(tmp_path / "r.csv", f"{HEADER},血型,缴费情况", f"{WANG},,,A,")
    ended = import_command(path)
    assert ended.exit_code == 1
    assert "columns that are not imported: 血型、缴费情况" in ended.stdout
    assert "备注" not in ended.stdout


@pytest.mark.parametrize("title", ["备注", "状态", "会员状态", "说明", "remark"])
@pytest.mark.parametrize(
    ("said", "code", "action"),
    [
        ("2021年去世", "remark.deceased", "decease"),
        ("（退会）", "remark.left", "withdraw"),
        ("2020年转出至上海", "remark.moved", "withdraw"),
        ("已除名", "remark.removed", "expel"),
    ],
)
def test_a_row_of_a_roster_whose_remark_means_another_action_is_refused_by_it(
    tmp_path: Path,
    stub: RegistryStub,
    import_command: Import,
    title: str,
    said: str,
    code: str,
    action: str,
) -> None:
    header = HEADER.replace("备注", title)
    path = roster(tmp_path / "r.csv", header, f"{WANG},,{said}", f"{LI},,党员")
    ended = import_command(path)
    assert ended.exit_code == 0, ended.output
    assert "1 已登记 accepted, 1 被拒 refused" in ended.stdout
    assert code in ended.stdout
    assert len(stub.members) == 1
    with path_beside(path).open(encoding="utf-8-sig", newline="") as stream:
        (refused,) = csv.DictReader(stream)
    assert (refused["行号"], refused["字段"]) == ("2", title)
    assert action in refused["问题与改法"]


def test_a_corrected_report_of_remarks_is_imported_though_it_quotes_them(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    path = roster(tmp_path / "r.csv", HEADER, f"{WANG},,其夫已故", f"{LI},,已故")
    import_command(path)
    report = path_beside(path)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert [row[0] for row in rows] == ["王芳", "李强"]
    at = header.index("备注")
    with report.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *([*row[:at], "", *row[at + 1 :]] for row in rows)])
    ended = import_command(report)
    assert "2 已登记 accepted, 0 被拒 refused" in ended.stdout


def test_an_import_without_other_columns_lists_none(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    ended = import_command(roster(tmp_path / "r.csv", HEADER, f"{WANG},,"))
    assert len(stub.members) == 1
    assert "not imported" not in ended.stdout

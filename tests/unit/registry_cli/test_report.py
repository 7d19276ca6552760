"""The report of refused rows: what it holds, who reads it, and what becomes of one that is stale."""

import csv
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.report import harmless
from registry_cli.importing.roster import open_roster
from registry_cli.importing.run import ImportSummary
from registry_cli.rosters import told
from shared.tables.problems import TableError
from tests.unit.registry_cli.registry_stub import HEADER, LI, WANG, RegistryStub, report_of, roster


def test_a_roster_without_faults_has_no_report(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    summary = run(roster(tmp_path, f"{WANG},,"))
    assert (summary.accepted, summary.refused, summary.report) == (1, 0, None)
    assert [path.name for path in tmp_path.iterdir()] == ["名册.csv"]


def test_the_report_of_an_import_is_harmless_private_and_can_be_imported(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    path = roster(
        tmp_path,
        "王芳,女,110105194912310021,+8613900000000,,=cmd|' /C calc'!A0",
        "李强,先生,130102201211184021,1.38E+10,, @x",
    )
    summary = run(path)
    assert summary.report == tmp_path / "名册.errors.csv"
    assert stat.S_IMODE(summary.report.stat().st_mode) == 0o600
    assert summary.report.read_bytes().startswith(b"\xef\xbb\xbf")
    first, second = report_of(summary)
    assert list(first) == [*HEADER.split(","), "行号", "字段", "问题与改法"]
    assert first["备注"] == "'=cmd|' /C calc'!A0"
    assert first["手机号码"] == "'+8613900000000"
    assert second["备注"] == "' @x"
    assert second["字段"] == "性别；手机号码"
    text = summary.report.read_text(encoding="utf-8-sig").replace("110105194912310021", "")
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(
        text.replace("王芳,女,", "王芳,女,11010519491231002X"), encoding="utf-8-sig"
    )
    with open_roster(corrected) as table:
        row, _ = table.rows()
    assert (row.values["id_number"], row.values["phone"]) == (
        "11010519491231002X",
        "+8613900000000",
    )
    again = run(corrected)
    assert (again.accepted, again.refused) == (1, 1)
    assert list(report_of(again)[0]) == list(first)


def test_the_report_of_an_import_has_the_place_and_language_of_the_order(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    target = tmp_path / "elsewhere.csv"
    summary = run(roster(tmp_path, f"{WANG},无名,"), report_path=target, language="en")
    assert summary.report == target
    assert "check the name" in report_of(summary)[0]["问题与改法"]


def test_a_report_that_cannot_be_written_fails_the_import(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    with pytest.raises(ImportFailed, match="无法写入"):
        run(roster(tmp_path, f"{WANG},无名,"), report_path=tmp_path)


# --- accepted rows to check -----------------------------------------------------------------------


def test_accepted_rows_of_a_roster_with_a_warning_are_listed_and_not_imported_again(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    path = roster(tmp_path, f"{WANG},,", f"{LI},,", f"{WANG},无名,")
    listed = tmp_path / "名册.warnings.csv"
    for _ in range(2):  # a second run reports the same
        summary = run(path)
        assert (summary.accepted, summary.refused, summary.warned) == (2, 1, 1)
        assert summary.warnings == listed
        assert stat.S_IMODE(listed.stat().st_mode) == 0o600
        assert rows_of(listed) == [
            ["行号", "登记编号", "提示"],
            ["3", "m3", "会员类别空缺，因未满 18 周岁按“青少年会员”登记，请核对。；identifier.sex_differs！"],
        ]  # fmt: skip
        assert [row["行号"] for row in report_of(summary)] == ["4"]
    (line,) = (line for line in told(summary) if str(listed) in line)
    assert "1 行已登记但须核对" in line
    assert "1 accepted rows to check" in line
    sent = len(stub.bulk_requests())
    with pytest.raises(TableError, match="没有找到表头"):
        run(listed)
    assert len(stub.bulk_requests()) == sent
    assert summary.report is not None
    corrected = run(summary.report)
    assert (corrected.warned, corrected.warnings) == (0, None)
    assert not any(".warnings.csv" in line for line in told(corrected))
    assert len(rows_of(listed)) == 2


# --- rows with more cells than headers ------------------------------------------------------------

SHIFTED = "王芳,女,11010519491231002X,13900000000,,浙江省,=杭州市, "


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def as_saved_by_a_spreadsheet(path: Path) -> None:
    """Pad every row, the header too, to the longest one."""
    rows = rows_of(path)
    longest = max(map(len, rows))
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([*row, *[""] * (longest - len(row))] for row in rows)


@pytest.mark.parametrize("padded", [False, True])
def test_a_row_of_a_roster_with_surplus_cells_is_refused_until_it_is_mended(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary], padded: bool
) -> None:
    path = roster(tmp_path, SHIFTED)
    for _ in range(3):
        summary = run(path)
        assert (summary.accepted, summary.reasons) == (0, {"row.extra_cells": 1})
        assert summary.report is not None
        path = summary.report
        header, row = rows_of(path)
        assert header == [*HEADER.split(","), "行号", "字段", "问题与改法"]
        assert row[:6] == SHIFTED.split(",")[:6]
        assert row[9:] == ["'=杭州市", " "]
        if padded:
            as_saved_by_a_spreadsheet(path)
    assert stub.bulk_requests() == []
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace("'=杭州市", ""), encoding="utf-8-sig")
    assert run(path).accepted == 1


def test_a_row_swallowed_by_a_quote_stays_refused_in_a_roster_with_semicolons(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        '姓名;性别;证件号码;备注\n王芳;女;11010519491231002X;"他说\n李强;男;130102201211184021;"\n',
        encoding="utf-8",
    )
    for _ in range(2):
        summary = run(path)
        assert summary.reasons == {"row.open_quote": 1}
        assert summary.report is not None
        path = summary.report


# --- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", ["", " ", "\u3000", "\u00a0", "\u2003", "\ufeff", "\u200b", "\t"])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "−"])
def test_no_cell_of_a_report_begins_as_a_formula(space: str, start: str) -> None:
    cell = f"{space}{start}1+1"
    assert harmless(cell) == f"'{cell}"
    assert harmless(harmless(cell)) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", " ", "\t", "王芳", "1=1", "3-5", "a@b", "（−）", "'=1"])
def test_harmless_cells_of_a_report_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


def test_titles_of_a_report_are_harmless_and_read_again(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "\t姓名,证件号码,所属单位,＝A1\n王芳,11010519491231002X,无名,x\n", encoding="utf-8"
    )
    for _ in range(2):
        summary = run(path)
        assert summary.reasons == {"unit.unknown": 1}
        assert summary.ignored_columns == ("＝A1",)
        assert summary.report is not None
        path = summary.report
        assert rows_of(path)[0] == [
            "'\t姓名", "证件号码", "所属单位", "'＝A1", "行号", "字段", "问题与改法",
        ]  # fmt: skip


# --- what an earlier run left ----------------------------------------------------------------------


def test_a_report_that_is_no_longer_true_is_removed(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    report = run(roster(tmp_path, f"{WANG},无名,")).report
    assert report is not None
    report.chmod(0o644)
    assert run(roster(tmp_path, f"{WANG},无名者,")).removed is None
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    summary = run(roster(tmp_path, f"{WANG},,"))
    assert (summary.report, summary.removed) == (None, report)
    assert not report.exists()


@pytest.mark.parametrize(
    "content", ["", "姓名,备注\n王芳,\n", "行号,字段,问题与改法,备注\n", "行号,字段\n"]
)
def test_no_file_that_is_no_report_is_removed(
    tmp_path: Path, run: Callable[..., ImportSummary], content: str
) -> None:
    other = tmp_path / "名册.errors.csv"
    other.write_text(content, encoding="utf-8")
    assert run(roster(tmp_path, f"{WANG},,")).removed is None
    assert other.read_text(encoding="utf-8") == content


def test_the_roster_is_never_its_own_report(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    path = roster(tmp_path, f"{WANG},无名,")
    with pytest.raises(ImportFailed, match="the roster itself"):
        run(path, report_path=path)
    assert stub.bulk_requests() == []
    assert WANG in path.read_text(encoding="utf-8")

"""The report of refused rows: what it holds, who reads it, and what becomes of one that is stale."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.importing import ImportFailed, ImportSummary
from registry_cli.rosterfile import read_roster
from tests.unit.registry_cli.registry_stub import HEADER, WANG, RegistryStub, report_of, roster


def test_file_without_faults_has_no_report(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    summary = run(roster(tmp_path, f"{WANG},,"))
    assert (summary.accepted, summary.refused, summary.report) == (1, 0, None)
    assert [path.name for path in tmp_path.iterdir()] == ["名册.csv"]


def test_report_is_harmless_private_and_can_be_imported(
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
    row, _ = read_roster(corrected).rows()
    assert (row.fields["id_number"], row.fields["phone"]) == (
        "11010519491231002X",
        "+8613900000000",
    )
    again = run(corrected)
    assert (again.accepted, again.refused) == (1, 1)
    assert list(report_of(again)[0]) == list(first)


def test_report_goes_where_told_in_the_language_told(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    target = tmp_path / "elsewhere.csv"
    summary = run(roster(tmp_path, f"{WANG},无名,"), report_path=target, language="en")
    assert summary.report == target
    assert "check the name" in report_of(summary)[0]["问题与改法"]


def test_report_that_cannot_be_written(tmp_path: Path, run: Callable[..., ImportSummary]) -> None:
    with pytest.raises(ImportFailed, match="无法写入"):
        run(roster(tmp_path, f"{WANG},无名,"), report_path=tmp_path)

"""Stopping a doubtful roster by the command: what is said, what is not sent, how it is overruled."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import httpx
from typer.testing import Result

from embedded.runtime import Runtime
from registry_cli.demo.roster import write_demo
from registry_cli.importing.report import path_beside
from registry_cli.rosters import OVERRULED
from tests.unit.registry_cli.registry_stub import RegistryStub

Import = Callable[..., Result]


def demo(path: Path, rows: int = 300, **over: Callable[[str], str]) -> Path:
    """Write a roster, each value of some columns replaced by what a function makes of it."""
    write_demo(path, ["西湖区红十字会"], rows=rows)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        people = list(csv.DictReader(stream))
    for person in people:
        person.update({title: change(person[title]) for title, change in over.items()})
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, people[0])
        writer.writeheader()
        writer.writerows(people)
    return path


def as_number(text: str) -> str:
    """Return a number as a spreadsheet keeps it: 15 significant digits."""
    plain = text.strip()
    return f"{plain[:15]}000" if plain.isdecimal() and plain.isascii() else text


def listed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_an_import_of_lost_numbers_stops_before_anything_is_sent(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    path = demo(tmp_path / "r.csv", 证件号码=as_number)
    cut = [n for n, person in enumerate(listed(path), 2) if person["证件号码"].endswith("000")]
    ended = import_command(path)
    assert ended.exit_code == 1
    assert stub.bulk_requests() == []
    assert f"{len(cut)} 个以 000 结尾" in ended.stderr
    assert "cut them to 15 digits" in ended.stderr
    assert "--despite numbers_lost" in ended.stderr
    assert str(path_beside(path)) in ended.stderr
    rows = listed(path_beside(path))
    assert [int(row["行号"]) for row in rows] == cut
    assert {row["字段"] for row in rows} == {"证件号码"}
    assert all("原号码已丢失" in row["问题与改法"] for row in rows)


def test_an_officer_imports_a_doubtful_roster_by_name_and_it_is_recorded(
    tmp_path: Path, stub: RegistryStub, import_command: Import, runtime: Runtime
) -> None:
    path = demo(tmp_path / "r.csv", 姓名=lambda _: "王芳", 出生日期=lambda _: "1980-01-01")
    assert "--despite one_birth_date --despite one_surname" in import_command(path).stderr
    half = import_command(path, "--despite", "one_surname")
    assert half.exit_code == 1
    assert "one_surname" not in half.stderr
    assert stub.bulk_requests() == []
    assert not (runtime.var / OVERRULED).exists()
    both = ("--despite", "one_surname", "--despite", "one_birth_date")
    ended = import_command(path, *both)
    assert ended.exit_code == 0, ended.output
    assert "300 人中有 300 人的出生日期都是 1980-01-01" in ended.stdout
    lines = [json.loads(line) for line in (runtime.var / OVERRULED).read_text().splitlines()]
    assert [(line["subject"], line["despite"]) for line in lines] == [
        ("clerk", "one_birth_date"), ("clerk", "one_surname"),
    ]  # fmt: skip
    assert lines[0]["seen"] == {"count": 300, "total": 300, "pages": None}
    assert "1980-01-01" not in (runtime.var / OVERRULED).read_text()
    warned = listed(tmp_path / "r.warnings.csv")
    assert [row["提示"].partition("：")[0] for row in warned[:2]] == [
        "按 by --despite one_birth_date", "按 by --despite one_surname",
    ]  # fmt: skip


def test_an_unknown_doubt_is_refused_by_registry_import(
    tmp_path: Path, import_command: Import
) -> None:
    ended = import_command(demo(tmp_path / "r.csv"), "--despite", "everything")
    assert ended.exit_code == 2
    assert "numbers_lost" in ended.stderr


def refusing(stub: RegistryStub, code: str, status: int, spared: int) -> None:
    """Make a stub refuse every row of a page but some."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST":
            return None
        error = {"field": "id_number", "code": code, "message": "请改正"}
        results = [
            {"row": row["row"], "status": status, "id": None, "errors": [error]}
            if at >= spared
            else {"row": row["row"], "status": 201, "id": f"m{row['row']}", "errors": []}
            for at, row in enumerate(json.loads(request.content)["rows"])
        ]
        return httpx.Response(200, json={"results": results})

    stub.intercept = answer


def test_an_import_stops_where_two_pages_in_a_row_are_mostly_refused(
    tmp_path: Path, stub: RegistryStub, import_command: Import, runtime: Runtime
) -> None:
    path = demo(tmp_path / "r.csv", 1_600)
    refusing(stub, "unit.unknown", 422, spared=30)
    ended = import_command(path)
    assert ended.exit_code == 1
    assert len(stub.bulk_requests()) == 2
    assert "已登记 60 行" in ended.stderr
    assert "第 1002 行起未发送" in ended.stderr
    assert "unit.unknown" in ended.stderr
    accepted = listed(tmp_path / "r.accepted.csv")
    assert len(accepted) == 60
    assert accepted[0] == {"行号": "2", "登记编号": "m2"}
    assert len(listed(path_beside(path))) == 940
    going_on = import_command(path, "--despite", "refused_rows")
    assert going_on.exit_code == 0
    assert len(stub.bulk_requests()) == 2 + 4
    assert not (tmp_path / "r.accepted.csv").exists()
    (line,) = (runtime.var / OVERRULED).read_text().splitlines()
    assert json.loads(line)["despite"] == "refused_rows"


def test_an_import_of_persons_entered_already_does_not_stop(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    refusing(stub, "person.duplicate", 409, spared=0)
    ended = import_command(demo(tmp_path / "r.csv", 1_600))
    assert "1600 行 rows, 0 已登记 accepted, 1600 被拒 refused" in ended.stdout
    assert len(stub.bulk_requests()) == 4

"""A county's rosters by the command: in once, refused by name, corrected, imported again."""

import csv
import re
from pathlib import Path

import httpx

from registry_cli.importing.report import path_beside, warnings_beside
from registry_cli.roster import check_character, write_demo
from registry_cli.rosterfile.headers import FIELD_COLUMN, LINE_COLUMN, REMEDY_COLUMN
from shared.clock import today
from tests.e2e.commands import registry
from tests.e2e.office import Office

ROWS = 600
SUMMARY = re.compile(r"(\d+) 行 rows, (\d+) 已登记 accepted, (\d+) 被拒 refused")
STOCK = ("--document", "西红会〔2026〕9号", "--issued-on", "2026-01-09")


def imported(
    office: Office, path: Path, *, stated: tuple[str, ...] = STOCK, code: int = 0
) -> tuple[int, int, int]:
    """Import a roster by the command; return its rows, how many were accepted, how many refused."""
    ended = registry(
        office.system, "import", str(path), "--unit", office.region, *stated,
        "--consent-on", "2026-01-09",
    )  # fmt: skip
    assert ended.returncode == code, f"{ended.stdout}\n{ended.stderr}"
    found = SUMMARY.search(ended.stdout)
    assert found is not None, ended.stdout
    rows, accepted, refused = map(int, found.groups())
    return rows, accepted, refused


def test_a_roster_is_imported_once_however_often_it_is_sent(office: Office, tmp_path: Path) -> None:
    units = [office.add("units")["name"] for _ in range(2)]
    demo = write_demo(tmp_path / "roster.csv", units, rows=ROWS)
    assert set(demo.wrong.values()) >= {"wrong_check", "duplicate", "unknown_unit", "bad_phone"}
    right = ROWS - len(demo.wrong)
    before, stored = office.settled("330106"), office.stored()
    assert imported(office, demo.path) == (ROWS, right, len(demo.wrong))
    after, kept = office.settled("330106"), office.stored()
    assert after == {**before, "members": before["members"] + right}
    for name in ("member members", "member identifiers"):
        assert kept[name] - stored[name] == right
    report = path_beside(demo.path)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        refused = {int(row[LINE_COLUMN]): row for row in csv.DictReader(stream)}
    assert set(refused) == set(demo.wrong)
    assert all(row[FIELD_COLUMN] and row[REMEDY_COLUMN] for row in refused.values())

    assert imported(office, demo.path) == (ROWS, right, len(demo.wrong))
    assert office.stored() == kept, "the same file sent again entered something"

    header, *rows = demo.path.read_text(encoding="utf-8-sig").splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([header, *reversed(rows)]), encoding="utf-8")
    assert imported(office, turned, code=1) == (ROWS, 0, ROWS)
    again = office.stored()
    assert again["member members"] == kept["member members"]
    assert again["member identifiers"] == kept["member identifiers"]
    assert office.settled("330106") == after


def test_a_school_imports_its_pupils_with_their_guardians(office: Office, tmp_path: Path) -> None:
    # Nobody else in the tests is a minor, or born in 1930.
    born = (f"{today().year - 12}0101001", f"{today().year - 12}0101002", "19300101001")
    *pupils, teacher = (f"330199{day}" + check_character(f"330199{day}") for day in born)
    applied, path = ("--mode", "applications"), tmp_path / "school.csv"
    path.write_text(
        "姓名,证件号码,出生日期,会员类别,所属单位,监护人姓名,监护人关系,家长电话\n"
        f"李小红,{pupils[0]},,青少年会员,{office.place},李梅,母亲,19900000002\n"
        f"王小刚,{pupils[1]},,青少年会员,{office.place},王强,父亲,1990000\n"
        f"陈老师,{teacher},1949-12-31,,{office.place},,,\n",
        encoding="utf-8",
    )
    assert imported(office, path, stated=applied) == (3, 2, 1)
    report = path_beside(path)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        (refused,) = csv.DictReader(stream)
    assert (refused[LINE_COLUMN], refused[FIELD_COLUMN]) == ("3", "家长电话")
    with warnings_beside(report).open(encoding="utf-8-sig", newline="") as stream:
        (warned,) = csv.DictReader(stream)
    assert warned[LINE_COLUMN] == "4"
    assert "出生日期" in warned["提示"]

    text = report.read_text(encoding="utf-8-sig")
    report.write_text(text.replace(",1990000,", ",19900000003,"), encoding="utf-8-sig")
    assert imported(office, report, stated=applied) == (1, 1, 0)
    for number, guardian, relation in zip(pupils, ("李*", "王*"), ("母亲", "父亲"), strict=True):
        answer = office.post(office.url("member", "search"), {"id_number": number})
        (found,) = answer.json()["items"]
        assert (found["guardian"]["name"], found["guardian"]["relation"]) == (guardian, relation)
        assert found["guardian"]["consent"]["given_on"] == "2026-01-09"


def test_a_roster_of_another_county_is_refused_row_by_row(
    office: Office, elsewhere: Office
) -> None:
    row = office.body("member", unit_id=elsewhere.place, row=1, joined_on="2020-05-01")
    consent = row.pop("consent")
    page = {
        "mode": "existing", "consent": consent, "document": {"number": "9号"},
        "rows": [row, {**row, "row": 2, "unit_id": office.place}],
    }  # fmt: skip
    clerk = office.system.headers("clerk", office.county, "registrar", "approver")
    answer: httpx.Response = office.post(office.url("member", "bulk"), page, clerk)
    assert [result["status"] for result in answer.json()["results"]] == [403, 201]
    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 1)

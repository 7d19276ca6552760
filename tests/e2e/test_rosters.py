"""A county's rosters by the command: in once, refused by name, corrected, imported again."""

import csv
import re
from pathlib import Path

from registry_cli.demo.roster import write_demo
from registry_cli.importing.report import path_beside, warnings_beside
from registry_cli.importing.roster import FIELD_TITLE, LINE_TITLE, REMEDY_TITLE
from registry_cli.rosters import OVERRULED
from shared.base.clock import today
from tests.clients.county import County
from tests.e2e.commands import registry
from tests.people import checked

ROWS = 600
SUMMARY = re.compile(r"(\d+) 行 rows, (\d+) 已登记 accepted, (\d+) 被拒 refused")
STOCK = ("--document", "西红会〔2026〕9号", "--issued-on", "2026-01-09")


def imported(
    county: County, path: Path, *, stated: tuple[str, ...] = STOCK, code: int = 0
) -> tuple[int, int, int]:
    """Import a roster by the command; return its rows, how many were accepted, how many refused."""
    ended = registry(
        county.system, "import", str(path), "--unit", county.region, *stated,
        "--consent-on", "2026-01-09",
    )  # fmt: skip
    assert ended.returncode == code, f"{ended.stdout}\n{ended.stderr}"
    found = SUMMARY.search(ended.stdout)
    assert found is not None, ended.stdout
    rows, accepted, refused = map(int, found.groups())
    return rows, accepted, refused


def test_a_roster_is_imported_once_however_often_it_is_sent(county: County, tmp_path: Path) -> None:
    units = [county.units.counted()["name"] for _ in range(2)]
    demo = write_demo(tmp_path / "roster.csv", units, rows=ROWS)
    assert set(demo.wrong.values()) >= {"wrong_check", "duplicate", "unknown_unit", "bad_phone"}
    right = ROWS - len(demo.wrong)
    before, stored = county.settled("330106"), county.stored()
    assert imported(county, demo.path) == (ROWS, right, len(demo.wrong))
    after, kept = county.settled("330106"), county.stored()
    assert after == {**before, "members": before["members"] + right}
    for name in ("member members", "member identifiers"):
        assert kept[name] - stored[name] == right
    report = path_beside(demo.path)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        refused = {int(row[LINE_TITLE]): row for row in csv.DictReader(stream)}
    assert set(refused) == set(demo.wrong)
    assert all(row[FIELD_TITLE] and row[REMEDY_TITLE] for row in refused.values())

    assert imported(county, demo.path) == (ROWS, right, len(demo.wrong))
    assert county.stored() == kept, "the same file sent again entered something"

    header, *rows = demo.path.read_text(encoding="utf-8-sig").splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([header, *reversed(rows)]), encoding="utf-8")
    assert imported(county, turned, code=1) == (ROWS, 0, ROWS)
    again = county.stored()
    assert again["member members"] == kept["member members"]
    assert again["member identifiers"] == kept["member identifiers"]
    assert county.settled("330106") == after


def test_a_roster_whose_numbers_are_lost_enters_nobody_until_it_is_overruled(
    county: County, tmp_path: Path
) -> None:
    demo = write_demo(tmp_path / "lost.csv", [county.units.counted()["name"]], seed=7, rows=80)
    text = demo.path.read_text(encoding="utf-8-sig")
    demo.path.write_text(re.sub(r"\b(\d{15})\d{3}\b", r"\g<1>000", text), encoding="utf-8")
    asked = (
        "import",
        str(demo.path),
        "--unit",
        county.region,
        *STOCK,
        "--consent-on",
        "2026-01-09",
    )
    stored = county.stored()
    stopped = registry(county.system, *asked)
    assert stopped.returncode == 1
    assert "以 000 结尾" in stopped.stderr
    assert "--despite numbers_lost" in stopped.stderr
    assert county.stored() == stored
    with path_beside(demo.path).open(encoding="utf-8-sig", newline="") as stream:
        assert {row[FIELD_TITLE] for row in csv.DictReader(stream)} == {"证件号码"}
    overruled = registry(county.system, *asked, "--despite", "numbers_lost")
    assert overruled.returncode == 0, overruled.stderr
    kept = county.system.runtime.var / OVERRULED
    assert str(demo.path) in kept.read_text(encoding="utf-8")


def test_a_school_imports_its_pupils_with_their_guardians(county: County, tmp_path: Path) -> None:
    # Nobody else in the tests is a minor, or born in 1930.
    born = (f"{today().year - 12}0101001", f"{today().year - 12}0101002", "19300101001")
    *pupils, teacher = (checked(f"330199{day}") for day in born)
    applied, path = ("--mode", "applications"), tmp_path / "school.csv"
    path.write_text(
        "姓名,证件号码,出生日期,会员类别,所属单位,监护人姓名,监护人关系,家长电话\n"
        f"李小红,{pupils[0]},,青少年会员,{county.place},李梅,母亲,19900000002\n"
        f"王小刚,{pupils[1]},,青少年会员,{county.place},王强,父亲,1990000\n"
        f"陈老师,{teacher},1949-12-31,,{county.place},,,\n",
        encoding="utf-8",
    )
    assert imported(county, path, stated=applied) == (3, 2, 1)
    report = path_beside(path)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        (refused,) = csv.DictReader(stream)
    assert (refused[LINE_TITLE], refused[FIELD_TITLE]) == ("3", "家长电话")
    with warnings_beside(report).open(encoding="utf-8-sig", newline="") as stream:
        (warned,) = csv.DictReader(stream)
    assert warned[LINE_TITLE] == "4"
    assert "出生日期" in warned["提示"]

    text = report.read_text(encoding="utf-8-sig")
    report.write_text(text.replace(",1990000,", ",19900000003,"), encoding="utf-8-sig")
    assert imported(county, report, stated=applied) == (1, 1, 0)
    members = county.members
    for number, guardian, relation in zip(pupils, ("李*", "王*"), ("母亲", "父亲"), strict=True):
        asked = {"id_number": number}
        answer = members.http.post(members.of("search"), json=asked, headers=members.registrar)
        (found,) = answer.json()["items"]
        assert (found["guardian"]["name"], found["guardian"]["relation"]) == (guardian, relation)
        assert found["guardian"]["consent"]["given_on"] == "2026-01-09"


def test_a_roster_of_another_county_is_refused_row_by_row(
    county: County, elsewhere: County
) -> None:
    row = county.members.row(1, unit_id=elsewhere.place, joined_on="2020-05-01")
    rows = [row, {**row, "row": 2, "unit_id": county.place}]
    clerk = county.officer("clerk", "registrar", "approver")
    answer = county.members.bulk(rows, clerk, "existing", document={"number": "9号"})
    assert [result["status"] for result in answer.json()["results"]] == [403, 201]
    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 1)

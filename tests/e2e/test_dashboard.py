"""The dashboard in a real browser: figures that move by themselves, and what stands beside them."""

import os
import re
import signal
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from shared.clock import today
from tests.e2e.office import Office
from tests.e2e.viewer import PHONE, SECONDS, SERIES, Viewer
from tests.system import System, until

COUNTY_ROW = "#provinces tbody tr:has(.code:text-is('330106'))"
CUT = (
    r"net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)"
    r"|status of 503"
)
"""What a browser says of a server that is killed and comes back."""


@pytest.mark.parametrize("series", SERIES)
def test_a_number_moves_without_reload(viewer: Viewer, office: Office, series: str) -> None:
    assert office.place
    before = office.settled()
    viewer.open()
    assert viewer.figures() == {name: before[name] for name in SERIES}
    office.add(series)
    viewer.sees(f"#{series}-value", before[series] + 1)
    since = viewer.part("#since dd").nth(SERIES.index(series))
    expect(since).to_have_attribute("data-value", "1")
    expect(since).to_have_text("+1")
    others = {name: before[name] for name in SERIES if name != series}
    assert others.items() <= viewer.figures().items()
    viewer.check_never_reloaded()


def test_the_county_is_reached_by_links_and_its_row_moves(viewer: Viewer, office: Office) -> None:
    assert office.place
    county, prefecture = office.settled("330106"), office.settled("330100")
    viewer.open()
    for name in ("浙江省红十字会", "杭州市红十字会"):
        viewer.part("#provinces").get_by_role("link", name=name, exact=True).click()
        expect(viewer.part("#breadcrumb [aria-current]")).to_have_text(name)
    viewer.sees("#members-value", prefecture["members"])
    for series in SERIES:
        viewer.sees(f"{COUNTY_ROW} [data-field={series}]", county[series])
        office.add(series)
        viewer.sees(f"{COUNTY_ROW} [data-field={series}]", county[series] + 1)
        viewer.sees(f"#{series}-value", prefecture[series] + 1)
    viewer.part(COUNTY_ROW).get_by_role("link").click()
    expect(viewer.part("#breadcrumb li")).to_have_count(4)
    viewer.sees("#members-value", county["members"] + 1)


def test_lag_completeness_and_the_ended_plan_are_told(viewer: Viewer, office: Office) -> None:
    office.settled()
    viewer.open()
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    expect(viewer.part("#complete")).to_have_attribute("data-complete", "true")
    expect(viewer.part("#complete")).to_have_text("数据完整")
    expect(viewer.part("#reasons")).to_be_hidden()
    expect(viewer.part("#lag")).to_have_text(re.compile(r"^\d+\.\d 秒$"))
    lag = float(viewer.part("#lag").get_attribute("data-lag") or "nan")
    assert 0 <= lag < 10
    expect(viewer.part("#as-of-time")).to_have_text(
        re.compile(rf"^{today()} \d\d:\d\d:\d\d（北京时间）$")
    )
    expect(viewer.part("#plan-name")).to_contain_text("2021-01-01 至 2025-12-31")
    expect(viewer.part("#plan-ended")).to_have_text("规划期已结束 plan period has ended")
    targets = {"units": "15 万", "members": "2,000 万", "volunteers": "200 万"}
    for series, target in targets.items():
        expect(viewer.part(f"#{series} .target .facts")).to_contain_text(target)
        ratio = viewer.part(f"#{series} .target").get_attribute("data-ratio")
        assert 0 <= float(ratio or "nan") < 1
        expect(viewer.part(f"#{series} .increment .facts")).to_contain_text("登记尚未覆盖全部组织")


def test_the_table_names_every_provincial_chapter(
    viewer: Viewer, system: System, office: Office
) -> None:
    office.settled()
    told = system.http.get(f"{system.url('aggregator')}/v1/counters").json()["rows"]
    assert len(told) >= 31
    viewer.open()
    expect(viewer.part("#provinces tbody tr")).to_have_count(len(told))
    for row in told:
        line = viewer.part(f"#provinces tbody tr:has(.code:text-is('{row['region_code']}'))")
        expect(line.get_by_role("link")).to_have_text(row["name"])
        expect(line.locator("[data-field=units]")).to_have_text(f"{row['units']:,}")


def test_both_languages_and_the_choice_is_kept(viewer: Viewer) -> None:
    viewer.open()
    expect(viewer.part("html")).to_have_attribute("lang", "zh-CN")
    expect(viewer.part("#members-title .label")).to_have_text("红十字会员")
    viewer.part("[data-lang=en]").click()
    expect(viewer.part("html")).to_have_attribute("lang", "en")
    expect(viewer.part("#members-title .label")).to_have_text("Members")
    expect(viewer.part("#members-title .beside")).to_have_text("红十字会员")
    expect(viewer.part("[data-lang=en]")).to_have_attribute("aria-pressed", "true")
    expect(viewer.part("#connection")).to_have_text("Live")
    viewer.check_never_reloaded()
    viewer.open()
    expect(viewer.part("#members-title .label")).to_have_text("Members")
    expect(viewer.part("#plan-ended")).to_contain_text("plan period has ended")
    viewer.part("[data-lang=zh]").click()
    expect(viewer.part("#members-title .label")).to_have_text("红十字会员")


def test_a_past_day_shows_what_was_so_on_that_day(viewer: Viewer, office: Office) -> None:
    filed = today() - timedelta(days=40)
    eve, day = ((filed - timedelta(days=back)).isoformat() for back in (1, 0))
    early = (filed - timedelta(days=9)).isoformat()
    assert office.place
    now = office.settled()["members"]
    on_eve, on_day = (office.settled(as_of=when)["members"] for when in (eve, day))
    viewer.open()
    office.add_member(early, early, day)
    viewer.sees("#members-value", now + 1)
    for chosen, expected in ((day, on_day + 1), (eve, on_eve)):
        viewer.part("#as-of").fill(chosen)
        expect(viewer.part("#as-of-time")).to_have_text(f"{chosen} 日终")
        expect(viewer.part("#connection")).to_have_attribute("data-state", "historic")
        viewer.sees("#members-value", expected)
        assert f"as_of={chosen}" in viewer.page.url
    expect(viewer.part("#since")).to_be_hidden()
    viewer.part("#to-live").click()
    viewer.sees("#members-value", now + 1)
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    assert "as_of" not in viewer.page.url
    viewer.check_never_reloaded()


def test_the_page_survives_kill_9_of_the_aggregator(
    viewer: Viewer, system: System, office: Office
) -> None:
    viewer.allowed.append(CUT)
    assert office.place
    before = office.settled()["members"]
    viewer.open()
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    (victim,) = [row["pid"] for row in system.rows() if row["name"] == "aggregator"]
    os.kill(victim, signal.SIGKILL)
    expect(viewer.part("#connection")).not_to_have_attribute("data-state", "live")
    expect(viewer.part("#complete")).to_have_attribute("data-known", "false")
    expect(viewer.part("#members-value")).to_have_attribute("data-value", str(before))
    office.add_member()
    viewer.sees("#members-value", before + 1, seconds=60)
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    expect(viewer.part("#problem")).to_be_hidden(timeout=20 * SECONDS)
    viewer.check_never_reloaded()
    until(system.healthy, 60.0, "all is up again")


def test_a_unit_that_is_not_public_is_said_to_be_so(viewer: Viewer, office: Office) -> None:
    viewer.allowed.append("status of 40[14]")
    for unit in (office.place, "no-such-unit"):
        viewer.page.goto(f"{viewer.root}/?unit={unit}")
        expect(viewer.part("#problem")).to_be_visible()
        expect(viewer.part("#connection")).to_have_attribute("data-state", "refused")
        expect(viewer.part("#members-value")).to_have_text("–")


def test_definitions_and_the_map_open(viewer: Viewer, system: System) -> None:
    until((system.runtime.frontend_dir / "stamp").exists, 240.0, "npm has brought the chart files")
    viewer.open()
    viewer.part("#members .define").click()
    wanted = viewer.part("#definitions-list [data-definition=members].wanted")
    expect(wanted).to_be_visible()
    expect(wanted).to_contain_text("红十字会员")
    viewer.part("#definitions-close").click()
    expect(viewer.part("#definitions")).to_be_hidden()
    viewer.part("#map-toggle").click()
    expect(viewer.part("#map canvas")).to_be_visible(timeout=30 * SECONDS)
    viewer.part("#map-toggle").click()
    expect(viewer.part("#map-figure")).to_be_hidden()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_a_phone(browser: Browser, system: System, language: str) -> None:
    with Viewer.before(browser, system.url("aggregator"), PHONE) as viewer:
        viewer.open()
        viewer.part(f"[data-lang={language}]").click()
        for query in ("", "?unit=330100", "?unit=330106", f"?as_of={today()}"):
            viewer.open(query)
            viewer.check_no_sideways_scroll()
    viewer.check_console()

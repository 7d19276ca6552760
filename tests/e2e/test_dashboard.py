"""The dashboard in a real browser: figures that move by themselves, and what is shown with them."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from shared.base.clock import today
from tests.clients.aggregator import SERIES
from tests.clients.county import County
from tests.e2e.viewer import PHONE, Viewer
from tests.system import System
from tests.waiting import until

COUNTY_ROW = "#provinces tbody tr:has(.code:text-is('330106'))"
CUT = (
    r"net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)"
    r"|status of 503"
)
"""What a browser says of a server that is killed and comes back."""


@pytest.mark.parametrize("series", SERIES)
def test_a_number_of_the_dashboard_moves_without_reload(
    viewer: Viewer, county: County, series: str
) -> None:
    assert county.place
    before = county.settled()
    viewer.open()
    assert viewer.figures() == {name: before[name] for name in SERIES}
    county.register(series).counted()
    viewer.sees(f"#{series}-value", before[series] + 1)
    since = viewer.part("#since dd").nth(SERIES.index(series))
    expect(since).to_have_attribute("data-value", "1")
    expect(since).to_have_text("+1")
    others = {name: before[name] for name in SERIES if name != series}
    assert others.items() <= viewer.figures().items()
    viewer.check_never_reloaded()


def test_a_county_of_the_dashboard_is_reached_by_links_and_its_row_moves(
    viewer: Viewer, county: County
) -> None:
    assert county.place
    here, prefecture = county.settled("330106"), county.settled("330100")
    viewer.open()
    for name in ("浙江省红十字会", "杭州市红十字会"):
        viewer.part("#provinces").get_by_role("link", name=name, exact=True).click()
        expect(viewer.part("#breadcrumb [aria-current]")).to_have_text(name)
    viewer.sees("#members-value", prefecture["members"])
    for series in SERIES:
        viewer.sees(f"{COUNTY_ROW} [data-field={series}]", here[series])
        county.register(series).counted()
        viewer.sees(f"{COUNTY_ROW} [data-field={series}]", here[series] + 1)
        viewer.sees(f"#{series}-value", prefecture[series] + 1)
    viewer.part(COUNTY_ROW).get_by_role("link").click()
    expect(viewer.part("#breadcrumb li")).to_have_count(4)
    viewer.sees("#members-value", here["members"] + 1)


def test_the_dashboard_shows_lag_completeness_and_the_ended_plan(
    viewer: Viewer, county: County
) -> None:
    county.settled()
    viewer.open()
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    expect(viewer.part("#complete")).to_have_attribute("data-complete", "true")
    expect(viewer.part("#complete")).to_have_text("数据完整")
    expect(viewer.part("#reasons")).to_be_hidden()
    expect(viewer.part("#lag")).to_have_text(re.compile(r"^\d\.\d 秒$"))
    expect(viewer.part("#lag")).to_have_attribute("data-lag", re.compile(r"^\d(\.\d+)?$"))
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


def test_the_table_of_the_dashboard_names_every_provincial_chapter(
    viewer: Viewer, county: County
) -> None:
    county.settled()
    reported = county.figures.counters()["rows"]
    assert len(reported) >= 31
    viewer.open()
    expect(viewer.part("#provinces tbody tr")).to_have_count(len(reported))
    for row in reported:
        line = viewer.part(f"#provinces tbody tr:has(.code:text-is('{row['region_code']}'))")
        expect(line.get_by_role("link")).to_have_text(row["name"])
        expect(line.locator("[data-field=units]")).to_have_text(f"{row['units']:,}")


def test_the_dashboard_has_two_languages_and_keeps_the_choice(viewer: Viewer) -> None:
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


def test_the_dashboard_of_a_past_day_shows_what_was_so_on_that_day(
    viewer: Viewer, county: County
) -> None:
    filed = today() - timedelta(days=40)
    eve, day = ((filed - timedelta(days=back)).isoformat() for back in (1, 0))
    early = (filed - timedelta(days=9)).isoformat()
    assert county.place
    now = county.settled()["members"]
    on_eve, on_day = (county.settled(as_of=when)["members"] for when in (eve, day))
    viewer.open()
    applied = county.members.create(effective_on=early)
    approved = county.members.done(applied, "approve", body={"effective_on": early})
    county.members.done(approved, "file", body={"effective_on": day})
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


@contextlib.contextmanager
def halted(system: System) -> Iterator[None]:
    """Keep the supervisor from starting again what dies meanwhile, until somebody has seen it gone."""
    system.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        system.process.send_signal(signal.SIGCONT)


def test_the_dashboard_survives_kill_9_of_the_aggregator(
    viewer: Viewer, system: System, county: County
) -> None:
    viewer.allowed.append(CUT)
    assert county.place
    before = county.settled()["members"]
    viewer.open()
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    (victim,) = [row["pid"] for row in system.rows() if row["name"] == "aggregator"]
    with halted(system):
        os.kill(victim, signal.SIGKILL)
        expect(viewer.part("#connection")).not_to_have_attribute("data-state", "live")
        expect(viewer.part("#complete")).to_have_attribute("data-known", "false")
        expect(viewer.part("#members-value")).to_have_attribute("data-value", str(before))
        county.members.counted()
    viewer.sees("#members-value", before + 1)
    expect(viewer.part("#connection")).to_have_attribute("data-state", "live")
    expect(viewer.part("#problem")).to_be_hidden()
    viewer.check_never_reloaded()
    until(system.healthy, "all is up again")


def test_the_dashboard_says_that_a_unit_is_not_public(viewer: Viewer, county: County) -> None:
    viewer.allowed.append("status of 40[14]")
    for unit in (county.place, "no-such-unit"):
        viewer.page.goto(f"{viewer.root}/?unit={unit}")
        expect(viewer.part("#problem")).to_be_visible()
        expect(viewer.part("#connection")).to_have_attribute("data-state", "refused")
        expect(viewer.part("#members-value")).to_have_text("–")


def test_definitions_and_the_map_of_the_dashboard_open(viewer: Viewer, system: System) -> None:
    until((system.runtime.frontend_dir / "stamp").exists, "npm has brought the chart files")
    viewer.open()
    viewer.part("#members .define").click()
    wanted = viewer.part("#definitions-list [data-definition=members].wanted")
    expect(wanted).to_be_visible()
    expect(wanted).to_contain_text("红十字会员")
    viewer.part("#definitions-close").click()
    expect(viewer.part("#definitions")).to_be_hidden()
    viewer.part("#map-toggle").click()
    expect(viewer.part("#map canvas")).to_be_visible()
    viewer.part("#map-toggle").click()
    expect(viewer.part("#map-figure")).to_be_hidden()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_dashboard_is_no_wider_than_a_phone(
    browser: Browser, system: System, language: str
) -> None:
    with Viewer.before(browser, system.url("aggregator"), PHONE) as viewer:
        viewer.open()
        viewer.part(f"[data-lang={language}]").click()
        for query in ("", "?unit=330100", "?unit=330106", f"?as_of={today()}"):
            viewer.open(query)
            viewer.check_no_sideways_scroll()
    viewer.check_console()

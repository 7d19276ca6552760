"""What has to hold after every trial: registers, figures of today and of past days, recount."""

from collections import Counter
from datetime import date
from typing import Any

import httpx

from aggregator.recount.rules import Report
from aggregator.recount.service import RecountFailed, compare
from shared.base.mongo import connect
from shared.base.settings import KafkaSettings, MongoSettings
from shared.pipeline.eventlog import LogUnavailable
from shared.pipeline.kafka import KafkaLog
from tests.chaos.asking import Broken, Office
from tests.chaos.ledger import SERIES
from tests.clients.county import County
from tests.clients.officers import Headers
from tests.system import System
from tests.waiting import LIMIT

REGISTERS = (("org_units", "units"), ("member", "members"), ("volunteer", "volunteers"))
BREAKDOWNS = (("members", "kind"), ("members", "education"), ("volunteers", "sex"))


def database(system: System, name: str) -> Any:
    """Return a service's database, for the check alone."""
    return connect(MongoSettings(mongo_uri=system.runtime.mongo_uri, mongo_database=name))


def check_registers(county: County, office: Office) -> None:
    """The registers hold what was answered, neither more nor less."""
    if left := office.ledger.left_in_void_units():
        raise Broken(f"open entries in units answered as void: {left}")
    units = {one.id for one in office.ledger.of("units")}
    for service, collection in REGISTERS:
        store = database(county.system, service)
        where = {"parent_id": county.id} if collection == "units" else {"unit": {"$in": [*units]}}
        stored = {
            row["_id"]: (row["version"], row["status"])
            for row in store[collection].find(where, {"version": 1, "status": 1})
        }
        store.client.close()
        said = {one.id: (one.version, one.status) for one in office.ledger.of(collection)}
        for identity in stored.keys() | said.keys():
            if stored.get(identity) != said.get(identity):
                answered, kept = said.get(identity), stored.get(identity)
                raise Broken(f"{collection}/{identity}: answered {answered}, stored {kept}")


def check_figures(county: County, office: Office) -> Report:
    """Every day's figures equal the count of the answers; the counters, the registers' recount."""
    county.figures.settled()
    reader = county.units.bearer("service:check", service=True)
    for day in office.days:
        _check_units(county, office, reader, day)
        for name, by in BREAKDOWNS:
            _check_breakdown(county, office, reader, day, name, by)
    report = recounted(county.system, reader)
    if not report.equal:
        raise Broken(f"recount differs: {report.differences[:5]}")
    return report


def _as_of(office: Office, day: date) -> dict[str, str]:
    """Return the parameter of a day; the last day of the trials is today, without one."""
    return {} if day == office.days[-1] else {"as_of": day.isoformat()}


def _check_units(county: County, office: Office, reader: Headers, day: date) -> None:
    said, as_of = office.ledger.by_unit(day), _as_of(office, day)
    rows = county.figures.counters(reader, unit=county.id, by="unit", **as_of)["rows"]
    for series, expected in said.items():
        shown = Counter({row["unit"]: row[series] for row in rows if row[series]})
        if shown != expected:
            more, less = shown - expected, expected - shown
            raise Broken(f"{series} of {day}: {more} too many, {less} too few")


def _check_breakdown(
    county: County, office: Office, reader: Headers, day: date, name: str, by: str
) -> None:
    """Hold the published cells against the answers; small ones are hidden, or all are."""
    series = next(one for one in SERIES if one.name == name)
    expected = office.ledger.by_value(series, by, day)
    as_of = _as_of(office, day)
    shown = county.figures.counters(reader, unit=county.id, metric=name, by=by, **as_of)
    cells = {cell["value"]: cell["count"] for cell in shown["cells"] if cell["count"]}
    wrong = {
        value: count
        for value, count in cells.items()
        if isinstance(count, int) and count != expected[value]
    }
    missing = {} if shown["withheld"] else expected.keys() - cells.keys()
    if wrong or missing:
        raise Broken(f"{name} by {by} of {day}: {shown['cells']} are not {expected}")


def recounted(system: System, headers: Headers) -> Report:
    """Compare every counter with the registries' recount; one not made proves nothing: again."""
    problem: Exception | None = None
    for _ in range(3):
        try:
            return _recounted(system, headers)
        except (RecountFailed, LogUnavailable) as failure:
            problem = failure
    raise Broken(str(problem)) from problem


def _recounted(system: System, headers: Headers) -> Report:
    store = database(system, "aggregator")
    settings = KafkaSettings(kafka_bootstrap=system.runtime.kafka_bootstrap)
    log = KafkaLog(settings, client_id="check")
    urls = [system.url(name) for name in ("org-units", "member", "volunteer")]
    try:
        with httpx.Client(headers=headers, timeout=LIMIT, trust_env=False) as client:
            return compare(store, log, client, urls, seconds=LIMIT)
    finally:
        log.close()
        store.client.close()

"""Seeded crash trials: kill -9 of one process under load, restart, then every promise is checked.

The suite runs one round, in which every process dies once; ``make chaos N=1000`` runs more.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import pymongo

from aggregator.recount.rules import Report
from aggregator.recount.service import RecountFailed, compare
from shared.base.ids import new_id
from shared.base.mongo import connect
from shared.base.settings import KafkaSettings, MongoSettings
from shared.pipeline.eventlog import LogUnavailable
from shared.pipeline.kafka import KafkaLog
from tests.clients.county import County
from tests.people import member, volunteer
from tests.system import System, plain_client
from tests.waiting import LIMIT, until

REGION = "330108"
"""The county of the trials; the tests of users' paths work in others of the same system."""
CLIENTS = 8
UNITS = 6
BEFORE, AFTER = (5, 60), (0, 40)
"""So many answers, drawn between these bounds, are given before a kill, and awaited after it."""
PATIENCE = 10.0
RETRY = 0.05
COUNTED = {
    "units": {"ACTIVE", "CLOSING"},
    "members": {"ACTIVE", "ARREARS"},
    "volunteers": {"REGISTERED"},
}
REGISTERS = (("org_units", "units"), ("member", "members"), ("volunteer", "volunteers"))
ENROLLED = {"ENROLLED", "REG_APPLIED", "REGISTERED"}
VICTIMS = ("service", "worker", "relay", "broker", "database")


class Broken(AssertionError):
    """A promise was broken; the message says which."""


@dataclass
class Promises:
    """What 2xx answers promised: the newest version of each entity that a client has seen."""

    known: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    answered: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Refusals no crash explains: a client that meets one stops, and the trial fails."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, collection: str, entity: dict[str, Any]) -> None:
        """Remember an answered version."""
        with self.lock:
            self.answered += 1
            key = (collection, entity["id"])
            reported = (entity["version"], entity["status"])
            self.known[key] = max(self.known.get(key, (0, "")), reported)


class Client(threading.Thread):
    """Registers people and units and brings them on their way, one request after the other."""

    def __init__(self, county: County, units: list[str], promises: Promises, seed: str) -> None:
        super().__init__(daemon=True)
        self.halt = threading.Event()
        self._system, self._county = county.system, county.id
        self._units, self._promises = units, promises
        self._http = plain_client(timeout=PATIENCE)
        self._one, self._two = county.units.registrar, county.units.approver
        self._random = random.Random(seed)

    def run(self) -> None:
        try:
            self._register()
        except Broken as problem:
            self._promises.wrong.append(str(problem))
        finally:
            self._http.close()

    def _register(self) -> None:
        while not self.halt.is_set():
            unit, chance = self._random.choice(self._units), self._random.random()
            if chance < 0.15:
                name = f"{new_id()}试验点"
                body = {"name": name, "type": "COMMUNITY", "parent_id": self._county}
                self._entity("org-units", "units", body, ("submit", "approve", "activate"))
            elif chance < 0.75:
                self._entity("member", "members", member(unit), ("approve", "file"))
            else:
                document = {"number": "服务证明-1"}
                self._entity(
                    "volunteer", "volunteers", volunteer(unit),
                    ("apply-registration", "register"), document=document,
                )  # fmt: skip

    def _entity(
        self, service: str, collection: str, body: dict[str, Any], actions: tuple[str, ...],
        **extra: Any,
    ) -> None:  # fmt: skip
        base = f"{self._system.url(service)}/v1/{collection}"
        entity = self._send(base, body, self._one, collection)
        for action in actions:
            if entity is None or self._random.random() < 0.3:
                return
            officer = self._one if action in ("submit", "apply-registration") else self._two
            headers = {**officer, "If-Match": f'"{entity["version"]}"'}
            content = extra if action == "apply-registration" else {}
            entity = self._send(f"{base}/{entity['id']}/{action}", content, headers, collection)

    def _send(
        self, url: str, body: dict[str, Any], headers: dict[str, str], collection: str
    ) -> dict[str, Any] | None:
        """Post, and post again with the same key while nobody answers, as a careful client does."""
        keyed = {**headers, "Idempotency-Key": new_id()}
        while not self.halt.is_set():
            try:
                answer = self._http.post(url, json=body, headers=keyed)
            except httpx.HTTPError:
                self.halt.wait(RETRY)
                continue
            if answer.is_success:
                entity: dict[str, Any] = answer.json()
                self._promises.keep(collection, entity)
                return entity
            self._promises.refused[answer.status_code] += 1
            if answer.status_code not in (429, 503):
                raise Broken(f"{url}: {answer.status_code} {answer.text}")
            self.halt.wait(RETRY)
        return None


def load(county: County, units: list[str], promises: Promises, seed: str) -> list[Client]:
    """Start the clients, each on a way of its own."""
    clients = [Client(county, units, promises, f"{seed}/{number}") for number in range(CLIENTS)]
    for client in clients:
        client.start()
    return clients


def database(system: System, name: str) -> Any:
    """Return a service's database, for the check alone."""
    return connect(MongoSettings(mongo_uri=system.runtime.mongo_uri, mongo_database=name))


def check_promises(system: System, promises: Promises) -> None:
    """Every answered version is in the registry, or a later one."""
    for service, collection in REGISTERS:
        store = database(system, service)
        found = {
            document["_id"]: (document["version"], document["status"])
            for document in store[collection].find({}, {"version": 1, "status": 1})
        }
        for (where, identity), reported in promises.known.items():
            if where != collection:
                continue
            present = found.get(identity)
            if present is None or present[0] < reported[0]:
                raise Broken(f"{collection}/{identity}: answered {reported}, stored {present}")
            if present[0] == reported[0] and present[1] != reported[1]:
                raise Broken(f"{collection}/{identity}: answered {reported}, stored {present}")
        store.client.close()


def oracle(county: County) -> dict[str, Counter[str]]:
    """Count the registries plainly, by unit of the county: documents in a counted status."""
    found: dict[str, Counter[str]] = {}
    below: dict[str, Any] = {"parent_id": county.id}
    for service, collection in REGISTERS:
        store = database(county.system, service)
        documents = list(store[collection].find(below, {"unit": 1, "status": 1}))
        for series, statuses in (
            (collection, COUNTED[collection]),
            *((("enrolled", ENROLLED),) if collection == "volunteers" else ()),
        ):
            found[series] = Counter(
                document["_id"] if collection == "units" else document["unit"]
                for document in documents
                if document["status"] in statuses
            )
        if collection == "units":
            below = {"unit": {"$in": [document["_id"] for document in documents]}}
        store.client.close()
    return found


def check_figures(county: County) -> Report:
    """The dashboard equals a plain count and the recount, per unit, and says it is complete."""
    county.figures.settled()
    expected = oracle(county)
    reader = county.units.bearer("service:check", service=True)

    def shown() -> dict[str, Counter[str]]:
        rows = county.figures.counters(reader, unit=county.id, by="unit")["rows"]
        return {
            series: Counter({row["unit"]: row[series] for row in rows if row[series]})
            for series in expected
        }

    while (seen := shown()) != expected:
        # A request its client gave up may be committed as late as the service waits for mongod.
        before, expected = expected, oracle(county)
        if before == expected:
            raise Broken(f"dashboard {seen} is not the registries' {expected}")
        county.figures.settled()
    report = recounted(county.system, reader)
    if not report.equal:
        raise Broken(f"recount differs: {report.differences[:5]}")
    return report


def recounted(system: System, headers: dict[str, str]) -> Report:
    """Compare every counter with the registries' recount; one not made proves nothing: again."""
    problem: Exception | None = None
    for _ in range(3):
        try:
            return _recounted(system, headers)
        except (RecountFailed, LogUnavailable) as failure:
            problem = failure
    raise Broken(str(problem)) from problem


def _recounted(system: System, headers: dict[str, str]) -> Report:
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


def victims(system: System) -> list[dict[str, Any]]:
    """Return the processes that may be killed, in the order of their names."""
    rows = [row for row in system.rows() if row["pid"] and row["name"] != "issuer"]
    return sorted(rows, key=lambda row: str(row["name"]))


def choose(rows: list[dict[str, Any]], number: int, seed: int, dice: random.Random) -> Any:
    """Return whom a trial kills: first everyone once, in a drawn order; then any role, then a name.

    By role, for there are many workers and one broker.
    """
    if number < len(rows):
        return random.Random(seed).sample(rows, len(rows))[number]
    role = dice.choice([role for role in VICTIMS if any(row["role"] == role for row in rows)])
    return dice.choice([row for row in rows if row["role"] == role])


@dataclass
class Campaign:
    """Trials in one running system.

    Args:
        system: a running system whose tree is seeded.
        seed: with the trial's number it decides who is killed, and after how many answers.
    """

    system: System
    seed: int
    county: County = field(init=False)
    units: list[str] = field(init=False)
    promises: Promises = field(default_factory=Promises)
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.county = County(self.system, REGION)
        self.units = [self.county.units.counted()["id"] for _ in range(UNITS)]

    def trial(self, number: int) -> dict[str, Any]:
        """Run one trial and return what happened.

        Raises:
            Broken: something was lost, counted twice, or not complete again.
        """
        dice = random.Random(f"{self.seed}/{number}")
        began = time.monotonic()
        clients = load(self.county, self.units, self.promises, f"{self.seed}/{number}")
        self._answered(dice.randint(*BEFORE))
        chosen = choose(victims(self.system), number, self.seed, dice)
        os.kill(chosen["pid"], signal.SIGKILL)
        victim = str(chosen["name"])
        self.killed[victim] += 1
        self._answered(dice.randint(*AFTER))
        for client in clients:
            client.halt.set()
        for client in clients:
            client.join(LIMIT)
        if self.promises.wrong:
            raise Broken(f"trial {number} ({victim}): {self.promises.wrong[0]}")
        until(self.system.healthy, f"all is up again after {victim}")
        try:
            check_promises(self.system, self.promises)
            report = check_figures(self.county)
        except pymongo.errors.PyMongoError as problem:
            raise Broken(f"trial {number} ({victim}): {problem}") from problem
        return {
            "trial": number,
            "killed": victim,
            "answered": self.promises.answered,
            "members": report.series["members"]["registry"],
            "compared": report.compared,
            "seconds": round(time.monotonic() - began, 1),
        }

    def _answered(self, more: int) -> None:
        """Wait until the clients have had so many more answers, or one of them met a wrong one."""
        wanted = self.promises.answered + more
        until(
            lambda: self.promises.answered >= wanted or self.promises.wrong,
            f"{more} more answers, after the death of {self.killed}",
        )

    def close(self) -> None:
        """Close what is held."""
        self.county.close()

"""Seeded crash trials: kill -9 of one process under load, restart, then every promise is checked.

``python -m tests.chaos.trials --trials 1000`` runs more of them than the suite does.
"""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pymongo

from aggregator.recount import RecountFailed, compare
from embedded.issuer import mint
from shared.eventlog import LogUnavailable
from shared.identity import new_id
from shared.kafka import KafkaLog
from shared.mongo import connect
from shared.settings import KafkaSettings, MongoSettings
from tests.people import member, volunteer
from tests.system import System, running, until

CLIENTS = 8
UNITS = 6
LOAD_SECONDS = 0.8
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
    """What 2xx answers promised: the newest version of each entity that a client was told of."""

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
            told = (entity["version"], entity["status"])
            self.known[key] = max(self.known.get(key, (0, "")), told)


class Client(threading.Thread):
    """Registers people and units and brings them on their way, one request after the other."""

    def __init__(
        self, system: System, county: str, units: list[str], promises: Promises, seed: str
    ) -> None:
        super().__init__(daemon=True)
        self.halt = threading.Event()
        self._system, self._county, self._units, self._promises = system, county, units, promises
        self._http = httpx.Client(timeout=10.0, trust_env=False)
        self._one = system.headers("registrar-1", county, "registrar")
        self._two = system.headers("approver-1", county, "approver")
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
                body = {"name": "试验点", "type": "COMMUNITY", "parent_id": self._county}
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
                self.halt.wait(0.05)
                continue
            if answer.is_success:
                entity: dict[str, Any] = answer.json()
                self._promises.keep(collection, entity)
                return entity
            self._promises.refused[answer.status_code] += 1
            if answer.status_code not in (429, 503):
                raise Broken(f"{url}: {answer.status_code} {answer.text}")
            self.halt.wait(0.05)
        return None


def load(
    system: System, county: str, units: list[str], promises: Promises, seed: str
) -> list[Client]:
    """Start the clients, each on a way of its own."""
    clients = [
        Client(system, county, units, promises, f"{seed}/{number}") for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    return clients


def database(system: System, name: str) -> Any:
    """Return a service's database, for the check alone."""
    uri = f"mongodb://127.0.0.1:{system.runtime.port(11)}/?replicaSet=rs0"
    return connect(MongoSettings(mongo_uri=uri, mongo_database=name))


def check_promises(system: System, promises: Promises) -> None:
    """Every answered version is in the registry, or a later one."""
    for service, collection in REGISTERS:
        store = database(system, service)
        found = {
            document["_id"]: (document["version"], document["status"])
            for document in store[collection].find({}, {"version": 1, "status": 1})
        }
        for (where, identity), told in promises.known.items():
            if where != collection:
                continue
            present = found.get(identity)
            if present is None or present[0] < told[0]:
                raise Broken(f"{collection}/{identity}: answered {told}, stored {present}")
            if present[0] == told[0] and present[1] != told[1]:
                raise Broken(f"{collection}/{identity}: answered {told}, stored {present}")
        store.client.close()


def oracle(system: System, county: str) -> dict[str, Counter[str]]:
    """Count the registries plainly, by unit of the county: documents in a counted status."""
    found: dict[str, Counter[str]] = {}
    for service, collection in REGISTERS:
        store = database(system, service)
        below = {"parent_id": county} if collection == "units" else {}
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
        store.client.close()
    return found


def check_figures(system: System, county: str) -> dict[str, Any]:
    """The dashboard equals a plain count and the recount, per unit, and says it is complete."""
    stopped = datetime.now(UTC)
    until(lambda: _complete(system, stopped), 300.0, "the dashboard says complete")
    expected = oracle(system, county)
    reader = mint(system.runtime, "service:check", service=True)
    headers = {"Authorization": f"Bearer {reader}"}

    def shown() -> dict[str, Counter[str]]:
        answer = httpx.get(
            f"{system.url('aggregator')}/v1/counters",
            params={"unit": county, "by": "unit"}, headers=headers, timeout=60.0,
            trust_env=False,
        )  # fmt: skip
        rows = answer.json()["rows"]
        return {
            series: Counter({row["unit"]: row[series] for row in rows if row[series]})
            for series in expected
        }

    while (seen := shown()) != expected:
        # A request its client gave up may be committed as late as the service waits for mongod.
        before, expected = expected, oracle(system, county)
        if before == expected:
            raise Broken(f"dashboard {seen} is not the registries' {expected}")
        until(lambda: _complete(system, datetime.now(UTC)), 300.0, "complete once more")
    report = recounted(system, headers)
    if not report["equal"]:
        raise Broken(f"recount differs: {report['differences'][:5]}")
    return report


def _complete(system: System, moment: datetime) -> bool:
    """Tell whether the dashboard says that it holds all that was committed up to a moment."""
    try:
        progress = system.progress()
    except httpx.HTTPError:
        return False
    if not progress["complete"]:
        return False
    held = datetime.fromisoformat(progress["at"]) - timedelta(seconds=progress["lag_seconds"])
    return held > moment


def recounted(system: System, headers: dict[str, str]) -> dict[str, Any]:
    """Compare every counter with the registries' recount; one not made proves nothing: again."""
    problem: Exception | None = None
    for _ in range(3):
        try:
            return _recounted(system, headers)
        except (RecountFailed, LogUnavailable) as failure:
            problem = failure
    raise Broken(str(problem)) from problem


def _recounted(system: System, headers: dict[str, str]) -> dict[str, Any]:
    store = database(system, "aggregator")
    bootstrap = f"127.0.0.1:{system.runtime.port(12)}"
    log = KafkaLog(KafkaSettings(kafka_bootstrap=bootstrap), client_id="check")
    urls = [system.url(name) for name in ("org-units", "member", "volunteer")]
    try:
        with httpx.Client(headers=headers, timeout=60.0, trust_env=False) as client:
            return dict(compare(store, log, client, urls))
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
        seed: with the trial's number it decides who is killed, and when.
    """

    system: System
    seed: int
    promises: Promises = field(default_factory=Promises)
    county: str = ""
    units: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    def prepare(self) -> None:
        """Make the units the clients register in."""
        self.county = self.system.chapter()
        self.units = [
            self.system.active_unit(f"试验社区{number}红十字会", self.county)
            for number in range(UNITS)
        ]

    def trial(self, number: int) -> dict[str, Any]:
        """Run one trial and return what happened.

        Raises:
            Broken: something was lost, counted twice, or not complete again.
        """
        dice = random.Random(f"{self.seed}/{number}")
        began = time.monotonic()
        clients = load(self.system, self.county, self.units, self.promises, f"{self.seed}/{number}")
        time.sleep(dice.uniform(0.1, LOAD_SECONDS))
        chosen = choose(victims(self.system), number, self.seed, dice)
        os.kill(chosen["pid"], signal.SIGKILL)
        victim = str(chosen["name"])
        self.killed[victim] += 1
        time.sleep(dice.uniform(0.2, LOAD_SECONDS))
        for client in clients:
            client.halt.set()
        for client in clients:
            client.join(30.0)
        if self.promises.wrong:
            raise Broken(f"trial {number} ({victim}): {self.promises.wrong[0]}")
        until(self.system.healthy, 300.0, f"all is up again after {victim}")
        try:
            check_promises(self.system, self.promises)
            report = check_figures(self.system, self.county)
        except pymongo.errors.PyMongoError as problem:
            raise Broken(f"trial {number} ({victim}): {problem}") from problem
        return {
            "trial": number,
            "killed": victim,
            "answered": self.promises.answered,
            "members": report["series"]["members"]["registry"],
            "compared": report["compared"],
            "seconds": round(time.monotonic() - began, 1),
        }


def main() -> None:
    """Run trials until done or broken; a JSON line each, then a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261123)
    chosen = parser.parse_args()
    with running("--no-demo") as system:
        campaign = Campaign(system, chosen.seed)
        campaign.prepare()
        for number in range(chosen.trials):
            sys.stdout.write(json.dumps(campaign.trial(number)) + "\n")
            sys.stdout.flush()
        summary = {
            "trials": chosen.trials,
            "seed": chosen.seed,
            "answered": campaign.promises.answered,
            "drift": 0,
            "killed": dict(campaign.killed),
        }
        sys.stdout.write(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()

"""Seeded crash trials: processes are killed or stopped for a while under load, then every promise
is checked.

The suite runs one round, in which every process dies once; ``make chaos N=1000`` runs more.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo

from shared.base.clock import today
from tests.chaos.asking import Broken, Office
from tests.chaos.checks import check_figures, check_registers
from tests.chaos.clients import Client
from tests.chaos.doorkeeper import Doorkeeper
from tests.chaos.faults import KILL, PAUSE, Fault, plan
from tests.chaos.ledger import LATE, Kept
from tests.chaos.seconds import Processes
from tests.clients.county import County
from tests.clients.officers import Headers
from tests.system import System
from tests.waiting import LIMIT, until

REGION = "330108"
"""The county of the trials; the tests of users' paths work in others of the same system."""
CLIENTS = 7
UNITS = 4
AGO = (1000, 730, 400, 120, 31, 8, 1, 0)
"""The days, counted back from today, that commands are dated on and figures are checked for."""
BEFORE, DURING, AFTER = (5, 60), (10, 200), (0, 40)
"""So many requests, drawn between these bounds, come to an end before a fault, during a pause, and
after it."""
MOST_LATE = 16
"""A pause ends after so many requests without an answer in time: too little goes on then."""
LONG = 0.4
"""How often a pause lasts until the others have taken over, if somebody can."""
SERVICES = ("org-units", "member", "volunteer")


@dataclass
class Campaign:
    """Trials in one running system.

    Args:
        system: a running system whose tree is seeded.
        seed: with the trial's number it decides who is killed or stopped, for how long, and what
            the clients do.
    """

    system: System
    seed: int
    county: County = field(init=False)
    office: Office = field(init=False)
    processes: Processes = field(init=False)
    killed: Counter[str] = field(default_factory=Counter)
    paused: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.county = County(self.system, REGION)
        self.processes = Processes(self.system)
        units = self.county.units
        urls: dict[str, tuple[str, ...]] = {name: (self.system.url(name),) for name in SERVICES}
        urls["member"] += (self.processes.url("member"),)
        days = tuple(today() - timedelta(ago) for ago in AGO)
        made = [units.counted() for _ in range(UNITS)]
        self.office = Office(
            county=self.county.id,
            urls=urls,
            registrar=self._officer("li"),
            approver=self._officer("wang"),
            days=days,
            units=tuple(unit["id"] for unit in made),
        )
        for unit in made:
            said = [(days[-1], unit["status"])]
            kept = Kept("units", unit["id"], unit["id"], unit["version"], said)
            self.office.ledger.enter(kept)
        self.order = [victim.name for victim in self.processes.victims()]
        random.Random(self.seed).shuffle(self.order)

    @property
    def alive(self) -> list[str]:
        """Return the names of those that have not been killed yet, in a drawn order."""
        return [name for name in self.order if name not in self.killed]

    def _officer(self, subject: str) -> Headers:
        """Return an officer's headers, whose token is new: many trials outlast one."""
        return self.county.units.officer(subject, "registrar", "approver")

    def trial(self, number: int) -> dict[str, Any]:
        """Run one trial and return what happened.

        Raises:
            Broken: something was lost, counted twice, or not complete again.
        """
        dice = random.Random(f"{self.seed}/{number}")
        began = time.monotonic()
        self.office = replace(
            self.office, registrar=self._officer("li"), approver=self._officer("wang")
        )
        clients = self._load(number)
        self._turns(dice.randint(*BEFORE))
        faults = plan(number, self.processes.victims(), self.alive, dice)
        faulty = ", ".join(f"{one.what} {one.victim.name}" for one in faults)
        try:
            lasted = self._fault(faults, dice)
            self._turns(dice.randint(*AFTER))
            self._finish(clients)
            until(self.processes.healthy, f"all is up again after {faulty}")
            check_registers(self.county, self.office)
            report = check_figures(self.county, self.office)
        except (Broken, AssertionError, pymongo.errors.PyMongoError) as problem:
            raise Broken(f"trial {number} ({faulty}): {problem}") from problem
        return {
            "trial": number,
            "faults": faulty,
            "paused_until": lasted,
            "heard": dict(self.office.ledger.heard),
            "members": report.series["members"]["registry"],
            "compared": report.compared,
            "seconds": round(time.monotonic() - began, 1),
        }

    def _load(self, number: int) -> list[Client]:
        """Start the clients, each on a way of its own."""
        kinds: list[type[Client]] = [Doorkeeper, *[Client] * CLIENTS]
        clients = [
            kind(self.office, f"{self.seed}/{number}/{place}") for place, kind in enumerate(kinds)
        ]
        for client in clients:
            client.start()
        return clients

    def _fault(self, faults: Sequence[Fault], dice: random.Random) -> str | None:
        """Do what is planned, all at once; return until when a pause lasted.

        A process that has a second one is now and then stopped until that one has done all its
        work, unless another one is stopped too.
        """
        stopped = [one.victim for one in faults if one.what == PAUSE]
        long = len(stopped) == 1 and stopped[0].paired and dice.random() < LONG
        turns, moment = dice.randint(*DURING), datetime.now(UTC)
        for one in faults:
            (self.killed if one.what == KILL else self.paused)[one.victim.name] += 1
            one.begin()
        try:
            if long:
                until(lambda: self._kept() and self.county.figures.holds(moment), "others go on")
            elif stopped:
                self._turns(turns, MOST_LATE)
        finally:
            for one in faults:
                one.end()
        return None if not stopped else "others had taken over" if long else f"{turns} requests"

    def _kept(self) -> bool:
        self.processes.keep()
        return True

    def _turns(self, more: int, late: int | None = None) -> None:
        """Wait until so many more requests have come to an end, or a client met a wrong answer.

        Args:
            late: so many of them without an answer in time are enough.
        """
        ledger = self.office.ledger
        wanted, most = ledger.turns + more, ledger.heard[LATE] + (late or more)

        def over() -> bool:
            self.processes.keep()
            enough = ledger.turns >= wanted or ledger.heard[LATE] >= most
            return enough or bool(ledger.wrong)

        until(over, f"{more} more requests have come to an end")

    def _finish(self, clients: Sequence[Client]) -> None:
        """Let the clients bring to an end what they have started."""
        for client in clients:
            client.halt.set()
        until(
            lambda: self._kept() and not any(client.is_alive() for client in clients),
            "every request is answered",
            limit=2 * LIMIT,
        )
        if self.office.ledger.wrong:
            raise Broken(self.office.ledger.wrong[0])

    def close(self) -> None:
        """Stop what was started, and close what is held."""
        self.processes.stop()
        self.county.close()

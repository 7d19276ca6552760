"""Stopping, killing and starting again: nothing is lost, and nothing outlives its supervisor."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil
import pytest

from tests.clients.county import KINDS, County
from tests.clients.officers import Headers
from tests.e2e.commands import all_healthy, registry
from tests.system import COUNTY, System, free_port_base, lives, start
from tests.waiting import LIMIT, until

STOP_SECONDS = 15
STOPPED = re.compile(r"已停止 / stopped \(([0-9.]+) s\)")
WRONG_ROSTER = b"\xff\xfe\x00\xd8 no roster, and no text either\n\x00"
WELCOME = "登记系统已就绪"
ACCEPTED = 1_970
"""Rows of the demo's roster that are right, of its 2,000."""


@dataclass
class Life:
    """One folder of data, and the systems that run on it one after the other."""

    var: Path
    base: int
    starts: int = 0
    system: System = field(init=False)
    _shown: int = 0
    """Bytes the terminal showed before the last start."""

    def begin(self) -> None:
        """Start, with the demo, and wait until it has said how to try it."""
        self._shown = self.system.log.stat().st_size if self.starts else 0
        self.system = start(self.var, self.base)
        self.starts += 1
        until(self.greeted, "the start has printed how to try it")

    @cached_property
    def county(self) -> County:
        """Its officers; their ways lead to whichever system runs."""
        return County(self.system, COUNTY)

    def greeted(self) -> bool:
        """Return whether the last start has printed everything."""
        return self.log.count(WELCOME) == self.starts

    @property
    def log(self) -> str:
        """What the terminal showed, over all starts."""
        return self._read().decode(errors="replace")

    @property
    def said(self) -> str:
        """What it showed since the last start."""
        return self._read()[self._shown :].decode(errors="replace")

    def _read(self) -> bytes:
        """Return what the terminal showed; it may end within a character that is being written."""
        return self.system.log.read_bytes()

    @property
    def roster(self) -> Path:
        """Where the demo's roster is."""
        return self.var / "demo" / "roster.csv"

    def tree(self) -> list[psutil.Process]:
        """Return the supervisor and every process below it."""
        top = psutil.Process(self.system.process.pid)
        return [top, *top.children(recursive=True)]

    def end(self) -> None:
        """Stop what still runs."""
        if not self.starts:
            return
        if "county" in vars(self):
            self.county.close()
        self.system.http.close()
        if self.system.process.poll() is None:
            self.system.stop()


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with tempfile.TemporaryDirectory(
        prefix="registry-restart-", ignore_cleanup_errors=True
    ) as folder:
        found = Life(Path(folder) / "var", free_port_base())
        found.roster.parent.mkdir(parents=True)
        found.roster.write_bytes(WRONG_ROSTER)
        try:
            found.begin()
            assert found.roster.read_bytes() == WRONG_ROSTER
            yield found
        finally:
            found.end()


@dataclass
class Held:
    """What a county holds: the figures, and each entry's version and status by its id."""

    figures: dict[str, int]
    entries: dict[str, dict[str, tuple[int, str]]]


def holdings(life: Life, registrar: Headers) -> Held:
    """Return the figures, and every entry of the county with its version and status."""
    figures, entries = life.county.settled(), {}
    for service in KINDS:
        found = life.county.register(service).listed(registrar)
        entries[service] = {item["id"]: (item["version"], item["status"]) for item in found}
    return Held(figures, entries)


def test_a_system_stopped_and_started_again_holds_the_same(life: Life) -> None:
    for service in KINDS:
        life.county.register(service).counted()
    registrar = life.county.officer("li", "registrar")
    before, tree = holdings(life, registrar), life.tree()
    assert before.figures["members"] >= 1
    life.system.stop()
    assert float(STOPPED.findall(life.log)[-1]) < STOP_SECONDS
    assert life.system.process.returncode == 0
    assert [process for process in tree if lives(process)] == []
    life.system.http.close()
    life.begin()
    assert holdings(life, registrar) == before, "a token of before the stop sees the same"
    life.county.members.counted()
    assert life.county.settled()["members"] == before.figures["members"] + 1


@dataclass
class Revival:
    """What was seen of a supervisor killed by kill -9, and of the start after it.

    Args:
        before, after: what the county held before the kill and after the start.
        names: of the processes that ran before the kill.
        tree: all processes that ran before the kill.
        up: the processes that ``registry status`` showed before the start.
        welcome: exit code of ``registry welcome`` then.
        said: what the start showed, which found no roster in the demo's place.
    """

    before: Held
    after: Held
    names: set[str]
    tree: list[psutil.Process]
    up: list[str]
    welcome: int
    said: str


@pytest.fixture(scope="module")
def revival(life: Life) -> Revival:
    """Kill the supervisor, take the demo's roster away, and start again.

    One start serves two tests: a system takes longer to start than all else they do.
    """
    life.county.members.counted()
    registrar = life.county.officer("li", "registrar")
    before, tree = holdings(life, registrar), life.tree()
    names = {row["name"] for row in life.system.rows()}
    life.system.process.kill()
    life.system.process.wait(LIMIT)
    until(lambda: not any(map(lives, tree)), "every process of the tree has died")
    up = [row["name"] for row in life.system.rows() if row["pid"] or row["healthy"]]
    welcome = registry(life.system, "welcome").returncode
    life.system.http.close()
    life.roster.unlink()
    life.begin()
    after = holdings(life, registrar)
    return Revival(before, after, names, tree, up, welcome, life.said)


def test_nothing_outlives_kill_9_of_the_supervisor_and_nothing_is_lost(revival: Revival) -> None:
    assert len(revival.tree) > len(revival.names)
    assert [process for process in revival.tree if lives(process)] == []
    assert revival.up == []
    assert revival.welcome == 1
    before, after = revival.before.entries, revival.after.entries
    assert before["member"].items() <= after["member"].items()
    assert {**before, "member": {}} == {**after, "member": {}}
    members = revival.before.figures["members"] + ACCEPTED
    assert revival.after.figures == {**revival.before.figures, "members": members}


def test_the_demo_roster_is_made_and_imported(revival: Revival) -> None:
    reported = f"2000 行 rows, {ACCEPTED} 已登记 accepted, 30 被拒 refused"
    assert reported in revival.said
    report = Path(revival.said.partition("refused rows with remedies: ")[2].splitlines()[0])
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) > 30
    entries = revival.after.entries["member"].keys() - revival.before.entries["member"].keys()
    assert len(entries) == ACCEPTED


def test_a_wrong_demo_roster_stops_nothing(life: Life) -> None:
    said = life.log[: life.log.index(WELCOME) + len(WELCOME)]  # of the first start
    assert "导入示范名册未完成，系统继续运行。" in said
    assert "Importing the demo roster was not done; the system runs on." in said
    assert "roster.csv" in said
    assert not [line for line in said.splitlines() if line.startswith("Traceback")]
    assert said.rindex(WELCOME) > said.rindex("系统继续运行")
    all_healthy(life.system)
    before = life.county.settled()["members"]
    life.county.members.counted()
    assert life.county.settled()["members"] == before + 1

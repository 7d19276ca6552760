"""Stopping, killing and starting again: nothing is lost, and nothing outlives its supervisor."""

import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.commands import done, registry
from tests.e2e.office import SERVICES, Office
from tests.system import System, free_port_base, lives, start, until

STOP_SECONDS = 15
STOPPED = re.compile(r"已停止 / stopped \(([0-9.]+) s\)")
WRONG_ROSTER = b"\xff\xfe\x00\xd8 no roster, and no text either\n\x00"
WELCOME = "登记系统已就绪"


@dataclass
class Life:
    """One folder of data, and the systems that run on it one after the other."""

    var: Path
    base: int
    starts: int = 0
    system: System = field(init=False)
    office: Office = field(init=False)
    _shown: int = 0
    """Bytes the terminal showed before the last start."""

    def begin(self) -> None:
        """Start, with the demo, and wait until it has said how to try it."""
        self._shown = len(self.log.encode()) if self.starts else 0
        self.system = start(self.var, self.base)
        self.starts += 1
        until(self.greeted, 300.0, "the start has told how to try it")
        self.office = Office(self.system, "330106")

    def greeted(self) -> bool:
        """Tell whether the last start has said all it says."""
        return self.log.count(WELCOME) == self.starts

    @property
    def log(self) -> str:
        """What the terminal showed, over all starts."""
        return self.system.log.read_text(encoding="utf-8")

    @property
    def said(self) -> str:
        """What it showed since the last start."""
        return self.log.encode()[self._shown :].decode()

    @property
    def roster(self) -> Path:
        """Where the demo's roster is."""
        return self.var / "demo" / "roster.csv"

    def tree(self) -> list[psutil.Process]:
        """Return the supervisor and every process below it."""
        top = psutil.Process(self.system.process.pid)
        return [top, *top.children(recursive=True)]

    def end(self) -> None:
        """Let go of what still runs."""
        if not self.starts:
            return
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


def holdings(life: Life, headers: dict[str, str]) -> dict[str, Any]:
    """Return the figures, and every entry of the county with its version and status."""
    office = Office(life.system, "330106")
    found: dict[str, Any] = {"figures": office.settled()}
    for service in SERVICES:
        url = office.url(service)
        items: list[dict[str, Any]] = []
        query = {"limit": "200"}
        while True:
            page = life.system.http.get(url, params=query, headers=headers).json()
            items += page["items"]
            if not page["next_cursor"]:
                break
            query["cursor"] = page["next_cursor"]
        found[service] = {item["id"]: (item["version"], item["status"]) for item in items}
    return found


def test_stopped_and_started_again_it_holds_the_same(life: Life) -> None:
    for series in SERVICES.values():
        life.office.add(series)
    officer = life.office.registrar
    before, tree = holdings(life, officer), life.tree()
    assert before["figures"]["members"] >= 1
    life.system.stop()
    assert float(STOPPED.findall(life.log)[-1]) < STOP_SECONDS
    assert life.system.process.returncode == 0
    assert [process for process in tree if lives(process)] == []
    life.system.http.close()
    life.begin()
    assert holdings(life, officer) == before, "a token of before the stop sees the same"
    life.office.add_member()
    assert life.office.settled()["members"] == before["figures"]["members"] + 1


def test_nothing_outlives_kill_9_of_the_supervisor(life: Life) -> None:
    life.office.add_member()
    officer = life.office.registrar
    before, tree = holdings(life, officer), life.tree()
    named = {row["name"] for row in life.system.rows()}
    assert len(tree) > len(named)
    os.kill(life.system.process.pid, signal.SIGKILL)
    life.system.process.wait(10)
    until(lambda: not any(map(lives, tree)), 20.0, "every process of the tree has died")
    life.system.http.close()
    assert [row["name"] for row in life.system.rows() if row["pid"] or row["healthy"]] == []
    assert registry(life.system, "welcome").returncode == 1
    life.begin()
    assert holdings(life, officer) == before


def test_a_wrong_demo_file_stops_nothing(life: Life) -> None:
    said = life.log[: life.log.index(WELCOME) + len(WELCOME)]  # of the first start
    assert "导入示范名册未完成，系统继续运行。" in said
    assert "Importing the demo roster was not done; the system runs on." in said
    assert "roster.csv" in said
    assert not [line for line in said.splitlines() if line.startswith("Traceback")]
    assert said.rindex(WELCOME) > said.rindex("系统继续运行")
    until(life.system.healthy, 60.0, "all is up")
    rows = json.loads(done(life.system, "status", "--json"))
    assert [row["name"] for row in rows if not row["healthy"]] == []
    before = life.office.settled()["members"]
    life.office.add_member()
    assert life.office.settled()["members"] == before + 1


def test_the_demo_roster_is_made_and_imported(life: Life) -> None:
    life.system.stop()
    life.system.http.close()
    life.roster.unlink()
    life.begin()
    assert "2000 行 rows, 1970 已登记 accepted, 30 被拒 refused" in life.said
    report = Path(life.said.partition("refused rows with remedies: ")[2].splitlines()[0])
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) > 30
    assert life.office.settled("330106")["members"] >= 1970

"""A unit closes while people enter it through two member processes, with the directories standing still."""

import contextlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import psutil
import pytest

from embedded.leash import die_with_parent
from tests import people
from tests.clients.county import County
from tests.clients.register import check_problem
from tests.system import System, free_port_base, plain_client
from tests.waiting import at_once, until

ROUNDS = 12
"""Each races eight entries against one closing; ``tests/integration/test_closing.py`` has more."""


def process_of(system: System, name: str) -> psutil.Process:
    (row,) = [row for row in system.rows() if row["name"] == name]
    return psutil.Process(row["pid"])


@contextlib.contextmanager
def stopped(process: psutil.Process) -> Iterator[None]:
    """Let a process stand still meanwhile."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.fixture
def second(system: System) -> Iterator[httpx.Client]:
    """A client of a second process of the member service."""
    first, port = process_of(system, "member"), free_port_base() + 2
    of_its_own = {"REGISTRY_PORT": str(port), "REGISTRY_INSTANCE": "member-1"}
    running = subprocess.Popen(
        first.cmdline(), env=first.environ() | of_its_own, cwd=first.cwd(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent(),
    )  # fmt: skip
    with plain_client(f"http://127.0.0.1:{port}") as client:

        def ready() -> bool:
            assert running.poll() is None
            with contextlib.suppress(httpx.TransportError):
                return client.get("/readyz").status_code == 200
            return False

        try:
            until(ready, "the second member process is ready")
            yield client
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait()


def test_entries_race_the_closing_of_their_unit(
    system: System, county: County, second: httpx.Client
) -> None:
    headers = county.members.registrar

    def enter(post: Callable[..., httpx.Response], path: str, body: object) -> int:
        return post(path, json=body, headers=headers).status_code

    with contextlib.ExitStack() as stack:
        for name in ("member-worker", "volunteer-worker"):
            stack.enter_context(stopped(process_of(system, name)))
        for number in range(ROUNDS):
            unit = county.units.counted()
            member, volunteer = people.member, people.volunteer
            racing: list[Callable[[], int]] = [
                *(
                    partial(enter, http.post, "/v1/members", member(unit["id"]))
                    for http in (county.members.http, second, county.members.http, second, second)
                ),
                *(
                    partial(enter, county.volunteers.http.post, "/v1/volunteers", volunteer(unit["id"]))
                    for _ in range(3)
                ),
            ]  # fmt: skip
            action = "deactivate" if number % 3 == 0 else "void"

            def close(unit: dict[str, object] = unit, action: str = action) -> int:
                return county.units.act(unit, action).status_code

            place = number % (len(racing) + 1)
            answers = at_once([*racing[:place], close, *racing[place:]])
            closed, entered = answers.pop(place), answers.count(201)
            assert set(answers) <= {201, 409, 422}
            there = len(county.members.listed(unit_id=unit["id"])) + len(
                county.volunteers.listed(unit_id=unit["id"])
            )
            assert there == entered
            if action == "void":
                # 503: a machine that stalled kept the fence waiting for too long.
                assert {200: entered == 0, 409: entered > 0, 503: True}[closed]
            if closed == 200:
                assert {enter_late() for enter_late in racing} <= {409, 422}
                late = county.members.http.post(
                    "/v1/members", json=member(unit["id"]), headers=headers
                )
                check_problem(late, 422, "unit.not_active", "unit_id")

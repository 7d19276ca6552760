"""The marks by HTTP: how a relay learns what is counted, and what is missing."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aggregator.intake import documents
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.pipeline.marks import Cursor, Gap
from shared.pipeline.relay.aggregator import Aggregator
from tests.clients.inside import FiguresInside, figures_inside
from tests.clients.register import check_problem
from tests.integration.aggregator.planted import COUNTY
from tests.servers import RealServers
from tests.waiting import until

SOURCE = "/services/member"
TOPIC = events.MEMBER_TOPIC


@pytest.fixture
def marked(servers: RealServers, filled: Database) -> Iterator[FiguresInside]:
    """An aggregator that has counted two partitions of the members' topic, and one of the units'."""
    gap = Gap(expected=8, seen=12, since=now())
    for place, cursor in {
        (TOPIC, 0): Cursor(4, 1, {"member@1": 30, "member@2": 7}, gap),
        (TOPIC, 1): Cursor(9, 1, {"member@1": 9}),
        (events.UNIT_TOPIC, 0): Cursor(2, 1, {"org-units@1": 5}),
        (events.WATERMARK_TOPIC, 0): Cursor(50, 1, {}),
    }.items():
        fields = documents.mark_fields(place, cursor, "an-id")
        filled[documents.MARKS].insert_one({"_id": documents.mark_id(place), **fields})
    with figures_inside(servers, filled, COUNTY) as found:
        yield found


def relay_of(marked: FiguresInside, folder: Path, source: str = SOURCE) -> Aggregator:
    """Return how the relay of a source asks."""
    token = folder / "service.token"
    headers = marked.bearer("service:relay", service=True)
    token.write_text(headers["Authorization"].removeprefix("Bearer "))
    return Aggregator("http://registry/", token, source, marked.http)


def test_a_relay_learns_by_http_how_far_its_events_are_counted(
    marked: FiguresInside, tmp_path: Path
) -> None:
    asked = relay_of(marked, tmp_path)
    asked.ask()
    asked.ask()
    answers = []

    def answered() -> bool:
        answers.append(asked.answer())
        return answers[-1] is not None

    until(answered, "the aggregator answers")
    found = {(mark.topic, mark.partition, mark.epoch): mark for mark in answers[-1] or ()}
    assert {key: mark.sequence for key, mark in found.items()} == {
        (TOPIC, 0, 1): 30, (TOPIC, 0, 2): 7, (TOPIC, 1, 1): 9,
    }  # fmt: skip
    gap = found[(TOPIC, 0, 2)].gap
    assert gap is not None
    assert (gap.expected, gap.seen) == (8, 12)
    assert found[(TOPIC, 1, 1)].gap is None
    assert asked.answer() is None
    asked.close()
    others = relay_of(marked, tmp_path, "/services/org-units").marks() or ()
    assert [mark.sequence for mark in others] == [5]
    assert relay_of(marked, tmp_path, "/services/nobody").marks() == ()


def test_the_aggregator_shows_its_marks_to_services_only(figures: FiguresInside) -> None:
    asked = {"source": SOURCE}
    officer = figures.officer("officer", "admin")
    check_problem(figures.http.get("/v1/marks", params=asked), 401, "auth.missing")
    answer = figures.http.get("/v1/marks", params=asked, headers=officer)
    check_problem(answer, 403, "scope.service")
    service = figures.bearer("service:relay", service=True)
    answer = figures.http.get("/v1/marks", headers=service)
    check_problem(answer, 422, "field.required", "source")


def test_a_relay_knows_of_no_mark_while_the_aggregator_does_not_answer(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        if "html" in request.url.host:
            return httpx.Response(200, text="<html>")
        if "down" in request.url.host:
            raise httpx.ConnectError("refused")
        return httpx.Response(503)

    client = httpx.Client(transport=httpx.MockTransport(refuse))
    for host in ("html", "down", "starting"):
        assert Aggregator(f"http://{host}", None, SOURCE, client).marks() is None
    assert Aggregator("http://html", tmp_path / "no.token", SOURCE, client).marks() is None

"""Pure parts of the unit directory, and the questions peers are asked."""

from pathlib import Path

import httpx
import pytest

from shared.base.errors import Unavailable
from shared.base.settings import AccessSettings, PeerSettings
from shared.register import trail
from shared.register.directory import Card
from shared.register.peers import Peers
from shared.register.scope import names


def card(name: str, level: str, region: str | None) -> Card:
    return Card(name, 1, name, name, region, "CHAPTER", level, "ACTIVE", None)


def test_grants_may_name_chapters_by_region_code_but_no_grassroots_unit() -> None:
    # A village office may share the region code of the township, so only chapters' codes count.
    path = [
        card("village", "GRASSROOTS", "110101001"),
        card("county", "COUNTY", "110101"),
        card("hq", "NATIONAL", None),
    ]
    assert [name for name, _ in names(path)] == ["village", "county", "110101", "hq"]
    assert names(path) == [
        ("village", "GRASSROOTS"),
        ("county", "COUNTY"),
        ("110101", "COUNTY"),
        ("hq", "NATIONAL"),
    ]
    assert names([]) == []


class Answers:
    """Answers of a peer, one after the other."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={"id": "u"})


def peers(answers: Answers, token: Path | None = None) -> Peers:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answers))
    return Peers(
        PeerSettings(org_units_url="http://peer/"), AccessSettings(service_token_file=token), client
    )


async def test_the_token_of_a_service_is_read_again_when_it_was_renewed(tmp_path: Path) -> None:
    answers, token = Answers(200, 200), tmp_path / "token"
    asked = peers(answers, token)
    for text in ("first\n", "second, longer\n"):
        token.write_text(text)
        assert await asked.unit("u") == {"id": "u"}
    sent = [request.headers["authorization"] for request in answers.requests]
    assert sent == ["Bearer first", "Bearer second, longer"]
    assert answers.requests[0].url == "http://peer/v1/units/u"
    await asked.close()


async def test_a_closed_connection_to_another_service_is_tried_once_more() -> None:
    assert await peers(Answers(httpx.ReadError("closed"), 200)).unit("u") == {"id": "u"}
    assert await peers(Answers(404)).unit("u") is None
    for answers in (
        Answers(httpx.ReadError("closed"), httpx.ConnectError("refused")),
        Answers(500),
        Answers(401),
    ):
        with pytest.raises(Unavailable):
            await peers(answers).unit("u")
        assert answers.answers == []


@pytest.mark.parametrize("unit", ["", "a/b", "..", "a?b", "x" * 41, "单位"])
async def test_what_cannot_be_the_id_of_a_unit_is_not_asked_for(unit: str) -> None:
    assert await peers(Answers()).unit(unit) is None


def test_an_access_log_row_names_fields_and_ids() -> None:
    row = trail.access_row("officer", "reveal", "m-1", unit="u", fields=["phone"], reason="call")
    assert row["entity"] == "m-1"
    assert row["fields"] == ["phone"]
    assert trail.access_row("officer", "list", ("m-1", "m-2"))["entity"] == ["m-1", "m-2"]
    keep = trail.INDEXES[trail.ACCESS_LOG][0].document["expireAfterSeconds"]
    assert keep == 3 * 365 * 24 * 3600

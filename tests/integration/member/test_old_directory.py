"""An admission on a directory that is too old asks org-units; whoever closed a unit is heard."""

from collections.abc import Iterator

import httpx
import pytest

from shared.base.settings import WriterSettings
from tests import people
from tests.clients.inside import members_inside
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import check_problem
from tests.servers import RealServers


@pytest.fixture
def units() -> UnitsAsGiven:
    return UnitsAsGiven()


@pytest.fixture
def aged(servers: RealServers, settings: WriterSettings, units: UnitsAsGiven) -> Iterator[Members]:
    """A member service whose directory no worker keeps, with the limit of every deployment."""
    limited = settings.model_copy(update={"directory_seconds": 30.0})
    with members_inside(servers, limited, units) as found:
        yield found


def test_an_old_directory_admits_a_member_only_as_org_units_says(
    aged: Members, units: UnitsAsGiven
) -> None:
    units.add("quarter", "county", type="SUBDISTRICT")

    def apply() -> httpx.Response:
        return aged.post(aged.body(unit_id="quarter", id_number=people.resident_id()))

    assert apply().status_code == 201
    assert apply().status_code == 201
    # The first was also asked for its path, which memory serves from then on.
    assert units.asked == ["quarter"] * 3
    units.add("quarter", "county", type="SUBDISTRICT", version=2, status="VOIDED")
    refused = apply()
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "unit_id")
    page = aged.bulk([aged.row(1, unit_id="quarter")])
    assert page.json()["accepted"] == 0
    units.down = True
    check_problem(apply(), 503, "unavailable")


def test_the_age_of_a_directory_is_among_the_metrics(aged: Members) -> None:
    assert "registry_directory_age_seconds +Inf" in aged.http.get("/metrics").text
    assert aged.http.get("/readyz").status_code == 200  # org-units is asked meanwhile

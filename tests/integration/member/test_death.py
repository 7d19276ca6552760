"""The death of a member: recorded whatever the status, also before a mistaken return, and for good."""

import pytest

from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import check_problem
from tests.integration.member.test_corrections import back_as_an_adult, timeline_of
from tests.integration.member.test_promises import ENTRIES, PATHS, SET, Entries

DIED = {"effective_on": "2019-05-01", "reason": "死亡证明"}


@pytest.mark.parametrize("status", [*PATHS, *SET])
def test_the_death_of_a_member_is_recorded_whatever_the_status_is(
    members: Members, database: Database, status: str
) -> None:
    assert set(ENTRIES) == {"adult", "youth", "paper"}
    member = members.read(Entries(members, database, "adult", status).make()).json()
    answer = members.act(member, "decease")
    if member["status"] in ("VOIDED", "DECEASED"):
        check_problem(answer, 409, "state.illegal")
        return
    assert (answer.status_code, answer.json()["status"]) == (200, "DECEASED")


def test_the_death_of_a_member_before_a_mistaken_return_supersedes_the_return(
    members: Members, database: Database
) -> None:
    """Seen: the return had to be voided, and the true years of the first membership with it."""
    member = back_as_an_adult(members)  # left on 2018-07-01, and joined again on 2020-09-01
    before = timeline_of(database, member)
    check_problem(members.act(member, "decease", None, DIED), 403, "figures.emptied")
    dead = members.done(member, "decease", who=members.officer("zhou", "approver"), body=DIED)
    after = timeline_of(database, member)
    assert after[:4] == before[:4]
    assert [(day, state["status"]) for day, state in after[4:]] == [("2019-05-01", "DECEASED")]
    assert dead["deceased_on"] == "2019-05-01"


def test_a_dead_member_is_not_registered_again_by_any_way(members: Members) -> None:
    body = members.body()
    dead = members.done(members.post(body).json(), "decease")
    check_problem(members.post(body), 409, "person.deceased", "id_number")
    row = {name: value for name, value in body.items() if name != "consent"} | {"row": 1}
    (result,) = members.bulk([row]).json()["results"]
    assert [error["code"] for error in result["errors"]] == ["person.deceased"]
    for given in (None, {"registration": body}):
        check_problem(members.act(dead, "reapply", None, given), 409, "state.illegal")
    other = members.body(id_number=people.resident_id())
    assert members.post(other).status_code == 201

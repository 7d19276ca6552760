"""The death of a volunteer: recorded whatever the status, also before a mistaken return."""

import pytest

from shared.base.mongo import Database
from tests.clients.register import check_problem
from tests.clients.volunteer import Volunteers
from tests.integration.volunteer.test_admission import left_long_ago
from tests.integration.volunteer.test_promises import PATHS, Entries

DEATH = {"ground": "DECEASED", "reason": "死亡证明"}


@pytest.mark.parametrize("status", PATHS)
def test_the_death_of_a_volunteer_is_recorded_whatever_the_status_is(
    volunteers: Volunteers, status: str
) -> None:
    entry = volunteers.read(Entries(volunteers, "adult", status).make()).json()
    answer = volunteers.act(entry, "deregister", None, DEATH)
    if entry["status"] == "VOIDED" or entry["ground"] == "DECEASED":
        check_problem(answer, 409, "state.illegal")
        return
    assert (answer.status_code, answer.json()["ground"]) == (200, "DECEASED")
    assert "deregister" not in answer.json()["allowed"]


def test_the_death_of_a_volunteer_before_a_mistaken_return_supersedes_the_return(
    volunteers: Volunteers, database: Database
) -> None:
    gone = left_long_ago(volunteers)  # from 2015-05-01 to 2016-05-01
    back = volunteers.done(gone, "enrol", body={"effective_on": "2020-01-01"})
    body = {**DEATH, "effective_on": "2017-03-01"}
    check_problem(volunteers.act(back, "deregister", None, body), 403, "figures.emptied")
    dead = volunteers.done(back, "deregister", who=volunteers.approver, body=body)
    stored = database.volunteers.find_one({"_id": dead["id"]})
    assert stored is not None
    states = [(item["effective_on"], item["state"]["status"]) for item in stored["timeline"]]
    assert states == [
        ("2015-05-01", "ENROLLED"), ("2016-05-01", "DEREGISTERED"), ("2017-03-01", "DEREGISTERED"),
    ]  # fmt: skip
    assert dead["deceased_on"] == "2017-03-01"


def test_who_left_as_a_volunteer_and_died_later_had_left_then(volunteers: Volunteers) -> None:
    gone = left_long_ago(volunteers)
    dead = volunteers.done(gone, "deregister", body={**DEATH, "effective_on": "2018-01-01"})
    assert (dead["deregistered_on"], dead["deceased_on"]) == ("2016-05-01", "2018-01-01")
    check_problem(volunteers.act(dead, "enrol"), 409, "volunteer.ended")
    assert volunteers.read(dead).json()["allowed"] == []


def test_a_dead_volunteer_is_not_enrolled_again_by_any_way(volunteers: Volunteers) -> None:
    body = volunteers.body()
    dead = volunteers.done(volunteers.post(body).json(), "deregister", body=DEATH)
    check_problem(volunteers.post(body), 409, "person.deceased", "id_number")
    for given in (None, {"registration": body}):
        check_problem(volunteers.act(dead, "enrol", None, given), 409, "volunteer.ended")

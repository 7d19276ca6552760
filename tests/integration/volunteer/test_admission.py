"""One rule of admission at every entrance, and one table of days over every run of a volunteer."""

from datetime import timedelta
from typing import Any

import pytest

from shared.base.mongo import Database
from tests import people
from tests.clients.register import Entity, check_problem
from tests.clients.volunteer import PAPER, Volunteers

BEFORE_BIRTH, BEFORE_SOCIETY = "person.day_before_birth", "person.before_society"


def found(answer: Any) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {(one["field"], one["code"]) for one in answer.json()["errors"]}


def left_long_ago(volunteers: Volunteers, **fields: Any) -> Entity:
    """Return a volunteer of 2015 who left in 2016."""
    entry = volunteers.create(effective_on="2015-05-01", **fields)
    left = {"effective_on": "2016-05-01", "reason": "迁出"}
    return volunteers.done(entry, "deregister", who=volunteers.approver, body=left)


def test_a_volunteer_is_enrolled_again_by_the_rules_of_a_first_enrolment(
    volunteers: Volunteers, database: Database
) -> None:
    body = volunteers.body()
    gone = volunteers.done(volunteers.post(body).json(), "deregister")
    database.volunteers.update_one({"_id": gone["id"]}, {"$unset": {"consent": ""}})
    refused = volunteers.act(gone, "enrol")
    check_problem(refused, 422, "consent.missing", "registration.consent")
    assert volunteers.act(gone, "enrol", None, {"registration": body}).status_code == 200


def test_a_minor_volunteer_comes_back_with_a_guardian_whose_consent_is_no_older(
    volunteers: Volunteers,
) -> None:
    entry = volunteers.create(**people.child(15))
    early = people.guardian(consent=people.consent(given_on="1990-01-01"))
    refused = volunteers.act(entry, "enrol", None, {"guardian": early})
    check_problem(refused, 422, BEFORE_BIRTH, "guardian.consent.given_on")
    assert volunteers.act(entry, "enrol", None, {"guardian": people.guardian()}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"consent": people.consent(given_on="1961-04-01")}, "consent.given_on", BEFORE_BIRTH),
        ({"consent": people.consent(given_on="1903-01-01")}, "consent.given_on", BEFORE_SOCIETY),
        ({"effective_on": "1961-04-01"}, "effective_on", "volunteer.born_after"),
        ({"effective_on": "1903-01-01"}, "effective_on", BEFORE_SOCIETY),
        ({"effective_on": "1965-01-01"}, "birth_date", "volunteer.too_young"),
    ],
)
def test_the_days_of_a_volunteer_are_held_against_each_other_at_every_entrance(
    volunteers: Volunteers, fields: dict[str, Any], field: str, code: str
) -> None:
    number = people.id_number(2, "19610402", "330197")
    given = {**volunteers.body(id_number=number), **fields}
    assert (field, code) in found(volunteers.post(given))
    gone = volunteers.done(volunteers.create(), "deregister")
    returned = found(volunteers.act(gone, "enrol", None, {"registration": given}))
    assert (f"registration.{field}", code) in returned


def test_the_birth_date_of_a_volunteer_lies_before_every_run(volunteers: Volunteers) -> None:
    """Seen: after a return, a birth date after the first enrolment passed."""
    back = volunteers.done(left_long_ago(volunteers), "enrol")
    for run in (None, 1, 2):
        for born, code in (
            ("2015-05-02", "volunteer.born_after"),
            ("2010-01-01", "volunteer.too_young"),
        ):
            refused = found(volunteers.patch(back, {"birth_date": born, "run": run}))
            assert ("birth_date", code) in refused
    anew = volunteers.done(back, "deregister")
    whole = volunteers.body(birth_date="2015-05-02")
    returned = found(volunteers.act(anew, "enrol", None, {"registration": whole}))
    assert ("registration.birth_date", "volunteer.born_after") in returned


def test_a_child_below_the_least_age_is_no_volunteer(volunteers: Volunteers) -> None:
    child = people.child()
    young = {name: child[name] for name in ("id_type", "id_number", "id_country")}
    body = volunteers.body(**young, birth_date=people.born(6, 1).isoformat(),
                           guardian=people.guardian())  # fmt: skip
    assert found(volunteers.post(body)) == {("birth_date", "volunteer.too_young")}
    old_enough = {**body, "birth_date": people.born(6).isoformat()}
    assert volunteers.post(old_enough).status_code == 201


def test_the_evidence_of_a_volunteer_is_not_older_than_the_person(volunteers: Volunteers) -> None:
    number = people.born_on(people.born(30))
    entry = volunteers.create(id_number=number)
    old = {"document": {**PAPER, "issued_on": "1950-01-05"}}
    refused = volunteers.act(entry, "apply-registration", None, old)
    check_problem(refused, 422, BEFORE_BIRTH, "document.issued_on")
    refused = volunteers.patch(entry, {"education": "20", **old})
    check_problem(refused, 422, BEFORE_BIRTH, "document.issued_on")
    issued = (people.born(30) + timedelta(days=9_000)).isoformat()
    applied = volunteers.done(
        entry, "apply-registration", body={"document": {**PAPER, "issued_on": issued}}
    )
    later = (people.born(30) + timedelta(days=9_001)).isoformat()
    assert ("birth_date", BEFORE_BIRTH) in found(volunteers.patch(applied, {"birth_date": later}))

"""Names at every entrance of the register of volunteers."""

from collections.abc import Callable

import httpx
import pytest

from tests import people
from tests.clients.register import check_problem
from tests.clients.volunteer import Volunteers


def enrolled_with_guardian(volunteers: Volunteers, name: str) -> httpx.Response:
    """Send a guardian's name to complete an application of a minor."""
    waiting = volunteers.create(id_number=people.born_on(people.born(15)))
    return volunteers.act(waiting, "enrol", None, {"guardian": people.guardian(name=name)})


def enrolled_anew(volunteers: Volunteers, name: str) -> httpx.Response:
    """Send a name in the registration of a volunteer who left."""
    number = people.resident_id()
    left = volunteers.done(volunteers.create(id_number=number), "deregister")
    body = {"registration": volunteers.body(id_number=number, name=name)}
    return volunteers.act(left, "enrol", None, body)


ENTRANCES: dict[str, tuple[Callable[[Volunteers, str], httpx.Response], str]] = {
    "create": (lambda volunteers, name: volunteers.post(volunteers.body(name=name)), "name"),
    "guardian": (
        lambda volunteers, name: volunteers.post(
            volunteers.body(guardian=people.guardian(name=name))
        ),
        "guardian.name",
    ),
    "correct": (
        lambda volunteers, name: volunteers.patch(volunteers.create(), {"name": name}),
        "name",
    ),
    "enrol a minor": (enrolled_with_guardian, "guardian.name"),
    "enrol anew": (enrolled_anew, "registration.name"),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_a_damaged_name_of_a_volunteer_is_refused_at_every_entrance(
    volunteers: Volunteers, entrance: str
) -> None:
    send, field = ENTRANCES[entrance]
    for name, code in (
        ("张〓", "name.damaged"),
        ("张&nbsp;三", "name.escaped"),
        ("张\U000f0001", "name.private_use"),
    ):
        check_problem(send(volunteers, name), 422, code, field)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_a_name_of_a_volunteer_is_kept_in_one_coding_from_every_entrance(
    volunteers: Volunteers, entrance: str
) -> None:
    send, field = ENTRANCES[entrance]
    answer = send(volunteers, "⻢\ue863⻰")
    assert answer.status_code in (200, 201), answer.text
    name = "guardian_name" if field.startswith("guardian") else "name"
    shown = volunteers.http.post(
        volunteers.of(answer.json(), "reveal"),
        json={"fields": [name], "reason": "核对"},
        headers=volunteers.officer("pan", "privacy"),
    )
    assert shown.json()["fields"] == {name: "马䶮龙"}

"""Names at every entrance of the register of members: damage, two codings, rare characters."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import check_problem

PAPER = {"number": "西红〔2026〕2号", "issued_on": "2026-01-05"}
RARE = "𠮷𪜀𫝀𫠠𬺰𰀀\U00031350\U0002ebf0䶮"
"""Of extensions B to I, and the best known of A."""


def corrected(members: Members, name: str) -> httpx.Response:
    return members.patch(members.create(), {"name": name})


def reapplied(members: Members, name: str) -> httpx.Response:
    """Send a name in the registration of a member who left."""
    number = people.resident_id()
    left = members.done(members.counted(id_number=number), "withdraw")
    body = {"registration": members.body(id_number=number, name=name)}
    return members.act(left, "reapply", None, body)


ENTRANCES: dict[str, tuple[Callable[[Members, str], httpx.Response], str]] = {
    "create": (lambda members, name: members.post(members.body(name=name)), "name"),
    "guardian": (
        lambda members, name: members.post(members.body(guardian=people.guardian(name=name))),
        "guardian.name",
    ),
    "correct": (corrected, "name"),
    "correct the guardian": (
        lambda members, name: members.patch(
            members.create(), {"guardian": people.guardian(name=name)}
        ),
        "guardian.name",
    ),
    "reapply": (reapplied, "registration.name"),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_a_damaged_name_of_a_member_is_refused_at_every_entrance(
    members: Members, database: Database, entrance: str
) -> None:
    send, field = ENTRANCES[entrance]
    for name, code in (
        ("张\ufffd", "name.damaged"),
        ("张？三", "name.damaged"),
        ("张&#20013;", "name.escaped"),
        ("张\ue001", "name.private_use"),
    ):
        check_problem(send(members, name), 422, code, field)
        assert database.members.count_documents({"name": name}) == 0


def test_a_damaged_name_in_a_bulk_page_refuses_its_row(members: Members) -> None:
    rows = [
        members.row(1, name="张□"), members.row(2, guardian=people.guardian(name="李〓")),
        members.row(3),
    ]  # fmt: skip
    results = members.bulk(rows).json()["results"]
    assert [(one["status"], [(e["field"], e["code"]) for e in one["errors"]]) for one in results] == [
        (422, [("name", "name.damaged")]), (422, [("guardian.name", "name.damaged")]), (201, []),
    ]  # fmt: skip


def test_a_member_on_paper_in_two_codings_is_one_person(members: Members) -> None:
    chief = members.officer("ma", "registrar", "approver")
    who: dict[str, Any] = {"id_type": "NONE", "id_number": None, "sex": "男"}

    def entered(name: str) -> list[tuple[int, list[str]]]:
        row = members.row(1, **who, name=name, birth_date="1951-02-03")
        (one,) = members.bulk([row], chief, "existing", document=PAPER).json()["results"]
        return [(one["status"], [error["code"] for error in one["errors"]])]

    assert entered("马龙䶮塚") == [(201, [])]
    for coding in ("⻢⻰\ue863塚", "马龙䶮\ufa10", "马 龙 䶮塚\ufe00"):
        assert entered(coding) == [(409, ["member.on_paper_already"])]


def test_rare_characters_of_a_member_pass_to_answers_search_and_store(
    members: Members, database: Database
) -> None:
    number = people.resident_id()
    member = members.create(id_number=number, name=RARE, guardian=people.guardian(name=RARE))
    assert (member["name"], member["guardian"]["name"]) == ("𠮷*", "𠮷*")
    found = members.http.post(
        members.of("search"), json={"id_number": number}, headers=members.registrar
    )
    assert [one["name"] for one in found.json()["items"]] == ["𠮷*"]
    shown = members.http.post(
        members.of(member, "reveal"),
        json={"fields": ["name", "guardian_name"], "reason": "核对"},
        headers=members.officer("pan", "privacy"),
    )
    assert shown.json()["fields"] == {"name": RARE, "guardian_name": RARE}
    changed = members.patch(member, {"name": "王" + RARE})
    assert changed.status_code == 200, changed.text
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    assert stored["name"] == "王" + RARE
    events = [row for row in database.outbox.find() if member["id"].encode() in row["body"]]
    assert len(events) == 2
    assert not any(RARE in str(orjson.loads(row["body"])) for row in events)


def test_a_name_entered_before_its_rule_hinders_no_other_correction(
    members: Members, database: Database
) -> None:
    member = members.create(name="王明", guardian=people.guardian())
    database.members.update_one({"_id": member["id"]}, {"$set": {"name": "王\ue001"}})
    answer = members.patch(member, {"phone": "13900002222"})
    assert answer.status_code == 200, answer.text
    check_problem(members.patch(answer.json(), {"name": "王\ue002"}), 422, "name.private_use")
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    assert stored["name"] == "王\ue001"

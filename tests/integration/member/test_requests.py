"""The same request again, racing requests, lists and searches, and what is kept secret."""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument

from shared.base.mongo import Database
from shared.base.settings import WriterSettings
from tests import people
from tests.clients.inside import members_inside
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import a_key, check_problem, events_of
from tests.servers import RealServers
from tests.waiting import LIMIT, at_once


def test_a_create_of_a_member_sent_twice_happens_once(members: Members, database: Database) -> None:
    body, key = members.body(), a_key()
    answers = at_once([partial(members.post, body, **key)] * 5)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    member = answers[0].json()
    assert len(events_of(database, member["id"])) == 1
    again = members.post({**body, "name": "另一人"}, **key)
    check_problem(again, 422, "idempotency.reused")
    record = database.idempotency.find_one({"entity": member["id"]})
    assert record is not None
    assert body["id_number"] not in str(record)


def test_a_transition_of_a_member_sent_twice_happens_once(
    members: Members, database: Database
) -> None:
    member, key = members.create(), a_key()
    answers = at_once([partial(members.act, member, "approve", **key)] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["version"] for answer in answers} == {2}
    assert len(events_of(database, member["id"])) == 2


def test_twenty_at_once_with_one_number_make_one_member(
    members: Members, database: Database
) -> None:
    body = members.body()
    answers = at_once(partial(members.post, {**body, "name": f"张{n}"}) for n in range(20))
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [201] + [409] * 19
    created = next(answer for answer in answers if answer.status_code == 201).json()
    assert database.identifiers.count_documents({"person": created["id"]}) == 1


def test_racing_processes_make_one_member(
    servers: RealServers,
    settings: WriterSettings,
    units: UnitsAsGiven,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A winner slow to commit is waited for: who gives up earlier answers 503, and rightly.
    monkeypatch.setattr("shared.register.groupcommit.transaction._LONE_SECONDS", LIMIT)
    with (
        members_inside(servers, settings, units) as one,
        members_inside(servers, settings, units) as two,
    ):
        body = one.body()
        answers = at_once(partial(members.post, body) for members in (one, two) * 10)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


def raw_documents(database: Database, collection: str) -> Iterator[Any]:
    raw = database.get_collection(collection, codec_options=CodecOptions(RawBSONDocument))
    yield from raw.find()


def test_nothing_personal_of_a_member_is_stored_in_the_clear_or_shown_or_logged(
    members: Members,
    units: UnitsAsGiven,
    database: Database,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Whether another test of this process has sent the log elsewhere makes no difference.
    caplog.set_level(logging.INFO)
    number, phone = people.resident_id(), "13655556666"
    guardian_phone, address = "13933334444", "文三路478号3单元"
    unit = units.add(uuid4().hex, "town")
    body = members.body(
        unit_id=unit, name="张三丰", id_number=number, phone=phone, address=address,
        guardian=people.guardian(phone=guardian_phone, name="王守护"),
    )  # fmt: skip
    created = members.post(body)
    member = created.json()
    secrets = (number, phone, address, guardian_phone, "王守护")
    listed = members.http.get(
        members.path, params={"unit_id": unit, "phone_tail": "6666"}, headers=members.registrar
    )
    assert [item["id"] for item in listed.json()["items"]] == [member["id"]]
    duplicate = members.post(body)
    check_problem(duplicate, 409, "person.duplicate")
    wrong = members.post({**body, "id_number": number[:-1] + "?"})
    assert wrong.status_code == 422
    read = members.read(member)
    assert read.status_code == 200
    shown = "".join(one.text for one in (created, listed, duplicate, wrong, read))
    raw = b"".join(
        document.raw
        for name in database.list_collection_names()
        for document in raw_documents(database, name)
    ).decode("utf-8", errors="replace")
    assert member["id"] in raw
    logged = "".join((*capfd.readouterr(), caplog.text))
    for secret in secrets:
        assert secret not in shown
        assert secret not in raw
        assert secret not in logged
    assert "张三丰" not in shown
    assert "张三丰" not in logged


def test_a_reveal_of_a_member_is_for_privacy_officers_and_leaves_its_reason(
    members: Members, database: Database
) -> None:
    body = members.body(guardian=people.guardian())
    member = members.post(body).json()
    url = members.of(member, "reveal")
    asked = {"fields": ["id_number", "phone", "name", "guardian_phone"], "reason": "card printing"}
    assert members.http.post(url, json=asked, headers=members.registrar).status_code == 403
    officer = members.officer("he", "privacy")
    answer = members.http.post(url, json=asked, headers=officer)
    assert answer.json()["fields"] == {
        "id_number": body["id_number"],
        "phone": "+86" + people.PHONE,
        "name": body["name"],
        "guardian_phone": "+8613900001111",
    }
    unreasoned = members.http.post(url, json={"fields": ["phone"]}, headers=officer)
    assert unreasoned.status_code == 422
    row = database.access_log.find_one({"entity": member["id"], "action": "reveal"})
    assert row is not None
    assert row["reason"] == "card printing"
    assert row["fields"] == sorted(asked["fields"])


def test_searches_for_and_lists_of_members_stay_in_scope(
    members: Members, units: UnitsAsGiven
) -> None:
    unit, phone = units.add(uuid4().hex, "town"), f"135{uuid4().int % 10**8:08}"
    ids = sorted(members.create(unit_id=unit, phone=phone)["id"] for _ in range(5))
    paged = members.listed(unit_id=unit, limit=2, status="APPLIED")
    assert [item["id"] for item in paged] == ids

    outside = members.officer("zhao", "registrar", unit="other")
    listed = members.http.get(members.path, params={"unit_id": unit}, headers=outside)
    assert listed.status_code == 404
    assert not set(ids) & {item["id"] for item in members.listed(outside)}
    national = members.officer("hq", "viewer", unit="hq")
    assert set(ids) <= {item["id"] for item in members.listed(national)}

    def by_phone(who: dict[str, str]) -> set[str]:
        found = members.http.post(members.of("search"), json={"phone": phone}, headers=who)
        assert found.status_code == 200, found.text
        return {item["id"] for item in found.json()["items"]}

    assert by_phone(members.registrar) == set(ids)
    assert by_phone(outside) == set()
    bad = members.http.get(members.path, params={"cursor": "!"}, headers=members.registrar)
    check_problem(bad, 422, "cursor.invalid")
    first = members.http.get(members.path, params={"cursor": ""}, headers=members.registrar)
    assert first.status_code == 200


def test_the_member_service_fences_a_unit_for_services_only(
    members: Members, units: UnitsAsGiven
) -> None:
    unit = units.add(uuid4().hex, "town")
    first = members.create(unit_id=unit)
    members.create(unit_id=unit)
    members.done(first, "reject")
    url = f"/v1/units/{unit}/fence/change-1"
    assert members.http.put(url, headers=members.registrar).status_code == 403
    assert members.http.delete(url, headers=members.registrar).status_code == 403
    service = members.bearer("service:org-units", service=True)
    assert members.http.put(url, headers=service).json() == {"people": 1}
    assert members.http.delete(url, headers=service).json() == {}

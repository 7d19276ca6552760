"""What is refused, by field, in both languages, with nothing half written."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from member.settings import MemberSettings
from shared.base.clock import today
from shared.base.mongo import Database
from shared.base.settings import WriterSettings
from tests import people
from tests.clients.inside import members_inside
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import check_problem
from tests.servers import RealServers


def of_age(years: int, days: int = 0) -> str:
    """Return the number, new to the register, of who is so many years old, or days younger."""
    return people.born_on(people.born(years, days))


def stored(database: Database) -> tuple[int, int]:
    return database.members.count_documents({}), database.outbox.count_documents({})


def test_a_member_with_bad_input_is_refused_by_field_in_both_languages(
    members: Members, database: Database
) -> None:
    before = stored(database)
    future = (today() + timedelta(days=1)).isoformat()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"id_number": "110105194912310021"}, "identifier.check_digit", "id_number"),
        ({"id_number": people.id_number(1, "20991231")}, "identifier.birth_in_future", "id_number"),
        ({"id_number": people.id_number(1, "19900231")}, "identifier.birth_date", "id_number"),
        ({"id_number": None}, "identifier.required", "id_number"),
        ({"birth_date": "2099-01-01"}, "date.future", "birth_date"),
        ({"birth_date": 631152000}, "date.invalid", "birth_date"),
        ({"unit_id": "nowhere"}, "unit.unknown", "unit_id"),
        ({"unit_id": "draft"}, "unit.not_active", "unit_id"),
        ({"unit_id": "county"}, "member.unit_is_chapter", "unit_id"),
        ({"id_type": "PASSPORT", "id_number": "E12345678"}, "member.not_citizen", "id_type"),
        ({"id_type": "FPR_NEW", "id_number": "911156198108221219"}, "member.not_citizen", "id_type"),
        ({"id_type": "HMT_RESIDENCE", "id_number": "810000199003072715"},
         "member.hmt_not_admitted", "id_type"),
        ({"id_type": "NONE", "id_number": None}, "member.number_required", "id_type"),
        ({"name": " "}, "name.required", "name"),
        ({"phone": "12345"}, "phone.number", "phone"),
        ({"ethnicity": "77"}, "code.unknown", "ethnicity"),
        ({"kind": "GROUP"}, "field.choice", "kind"),
        ({"consent": None}, "consent.missing", "consent"),
        ({"consent": people.consent(given_on=future)}, "date.future", "consent.given_on"),
        ({"effective_on": future}, "date.future", "effective_on"),
        ({"shoe_size": 44}, "field.unknown", "shoe_size"),
        ({"id_number": of_age(8, 1)}, "member.too_young", "birth_date"),
        ({"id_number": of_age(14, 1)}, "guardian.required", "guardian"),
        ({"id_number": of_age(17)}, "guardian.required", "guardian"),
        ({"id_number": of_age(13), "guardian": people.guardian(consent=None)},
         "guardian.required", "guardian.consent"),
        ({"id_number": of_age(17), "guardian": people.guardian(consent=None)},
         "guardian.required", "guardian.consent"),
        ({"guardian": people.guardian(phone="1")}, "phone.number", "guardian.phone"),
    ]  # fmt: skip
    for change, code, where in cases:
        answer = members.post(members.body(**change))
        check_problem(answer, 422, code, where)
        english = members.post(members.body(**change), **{"Accept-Language": "en"})
        for chinese_error, english_error in zip(
            answer.json()["errors"], english.json()["errors"], strict=True
        ):
            assert chinese_error["message"] != english_error["message"]
            assert english_error["message"].isprintable()
    assert stored(database) == before


def test_a_broken_body_of_a_member_is_refused_and_nothing_is_written(
    members: Members, database: Database
) -> None:
    before = stored(database)
    json_type = {**members.registrar, "Content-Type": "application/json"}
    name = "张三丰".encode()
    good = orjson.dumps(members.body(name="张三丰"))
    assert name in good
    for content, headers, status, code in (
        (good.replace(name, b"a\\u0000b"), json_type, 400, "body.nul"),
        (good.replace(name, b"\xff\xfe"), json_type, 400, "body.encoding"),
        (good[:-1], json_type, 400, "body.json"),
        (good, {**members.registrar, "Content-Type": "text/plain"}, 415, "media.unsupported"),
        (b'{"name": "' + b"x" * 3_000_000 + b'"}', json_type, 413, "body.too_large"),
        (b"[]", json_type, 422, "field.type"),
        (b"", json_type, 422, "body.required"),
    ):
        answer = members.http.post(members.path, content=content, headers=headers)
        assert answer.status_code == status, (code, answer.text)
        assert answer.json()["code"] == code
    assert stored(database) == before


@pytest.mark.parametrize("age", [8, 13, 14, 17])
def test_a_minor_becomes_a_member_with_a_guardian(members: Members, age: int) -> None:
    member = members.create(
        kind="INDIVIDUAL_YOUTH", unit_id="school", guardian=people.guardian(),
        id_number=of_age(age),
    )  # fmt: skip
    assert member["guardian"]["name"] == "李*"
    assert member["guardian"]["phone"] == "139****1111"


def test_settings_open_to_members_what_chapters_may_decide(
    servers: RealServers, settings: WriterSettings, units: UnitsAsGiven
) -> None:
    rules = MemberSettings(
        hmt_admitted=True, chapters_admit=True, youngest_age=6, guardian_consent_below=14
    )
    with members_inside(servers, settings, units, rules) as members:
        hmt = people.born_on(people.born(30), area="810000")
        members.create(id_type="HMT_RESIDENCE", id_number=hmt)
        members.create(unit_id="county")
        members.create(guardian=people.guardian(), id_number=of_age(6))
        members.create(guardian=people.guardian(consent=None), id_number=of_age(14))


def test_a_duplicate_member_names_unit_type_and_county_never_the_person(
    members: Members, units: UnitsAsGiven
) -> None:
    body = members.body(unit_id="school", name="周吴郑")
    first = members.post(body).json()
    elsewhere = members.officer("zhao", "registrar", unit="other")
    answer = members.post({**body, "unit_id": "far", "name": "Other"}, elsewhere)
    check_problem(answer, 409, "person.duplicate", "id_number")
    assert "西湖区" in answer.text
    assert "学校" in answer.text
    for secret in ("周", body["id_number"], first["id"], units.truth["school"]["name"]):
        assert secret not in answer.text

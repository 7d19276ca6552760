"""What is refused, by field, in both languages, with nothing half written."""

from datetime import timedelta
from typing import Any

import orjson

from embedded.servers import RealServers
from member.settings import MemberSettings, Settings
from shared.clock import today
from shared.mongo import Database
from tests.integration.member.office import (
    Office,
    a_consent,
    a_guardian,
    assert_problem,
    born,
    id_number,
    opened,
)


async def test_bad_input_is_refused_by_field_in_both_languages(
    office: Office, database: Database
) -> None:
    before = database.members.estimated_document_count(), database.outbox.estimated_document_count()
    future = (today() + timedelta(days=1)).isoformat()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"id_number": "110105194912310021"}, "identifier.check_digit", "id_number"),
        ({"id_number": id_number(1, "20991231")}, "identifier.birth_in_future", "id_number"),
        ({"id_number": id_number(1, "19900231")}, "identifier.birth_date", "id_number"),
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
        ({"consent": a_consent(given_on=future)}, "date.future", "consent.given_on"),
        ({"effective_on": future}, "date.future", "effective_on"),
        ({"shoe_size": 44}, "field.unknown", "shoe_size"),
        ({"id_number": id_number(5, born(8, 1))}, "member.too_young", "birth_date"),
        ({"id_number": id_number(5, born(14, 1))}, "guardian.required", "guardian"),
        ({"id_number": id_number(6, born(17))}, "guardian.required", "guardian"),
        ({"id_number": id_number(7, born(13)), "guardian": a_guardian(consent=None)},
         "guardian.required", "guardian.consent"),
        ({"id_number": id_number(7, born(17)), "guardian": a_guardian(consent=None)},
         "guardian.required", "guardian.consent"),
        ({"guardian": a_guardian(phone="1")}, "phone.number", "guardian.phone"),
    ]  # fmt: skip
    for change, code, where in cases:
        answer = await office.post(office.person(**change))
        assert_problem(answer, 422, code, where)
        english = await office.post(office.person(**change), **{"Accept-Language": "en"})
        for chinese_error, english_error in zip(
            answer.json()["errors"], english.json()["errors"], strict=True
        ):
            assert chinese_error["message"] != english_error["message"]
            assert english_error["message"].isprintable()
    after = database.members.estimated_document_count(), database.outbox.estimated_document_count()
    assert before == after


async def test_broken_bodies(office: Office, database: Database) -> None:
    before = database.members.estimated_document_count()
    json_type = {**office.registrar, "Content-Type": "application/json"}
    good = orjson.dumps(office.person())
    for content, headers, status, code in (
        (good.replace("张三丰".encode(), b"a\\u0000b"), json_type, 400, "body.nul"),
        (good.replace("张三丰".encode(), b"\xff\xfe"), json_type, 400, "body.encoding"),
        (good[:-1], json_type, 400, "body.json"),
        (good, {**office.registrar, "Content-Type": "text/plain"}, 415, "media.unsupported"),
        (b'{"name": "' + b"x" * 3_000_000 + b'"}', json_type, 413, "body.too_large"),
        (b"[]", json_type, 422, "field.type"),
        (b"", json_type, 422, "body.required"),
    ):
        answer = await office.http.post("/v1/members", content=content, headers=headers)
        assert answer.status_code == status, (code, answer.text)
        assert answer.json()["code"] == code
    assert database.members.estimated_document_count() == before


async def test_minors_with_their_guardians(office: Office, database: Database) -> None:
    for age in (8, 13, 14, 17):
        member = await office.applied(
            kind="INDIVIDUAL_YOUTH", unit_id="school", guardian=a_guardian(),
            id_number=id_number(300 + age, born(age)),
        )  # fmt: skip
        assert member["guardian"]["name"] == "李*"
        assert member["guardian"]["phone"] == "139****1111"


async def test_settings_open_what_chapters_may_decide(
    servers: RealServers, settings: Settings
) -> None:
    rules = MemberSettings(
        hmt_admitted=True, chapters_admit=True, youngest_age=6, guardian_consent_below=14
    )
    async with opened(servers, settings, rules) as office:
        await office.applied(id_type="HMT_RESIDENCE", id_number="810000199003072715")
        await office.applied(unit_id="county")
        await office.applied(guardian=a_guardian(), id_number=id_number(9, born(6)))
        silent = a_guardian(consent=None)
        await office.applied(guardian=silent, id_number=id_number(10, born(14)))


async def test_a_duplicate_names_unit_type_and_county_never_the_person(office: Office) -> None:
    body = office.person(unit_id="school", name="周吴郑")
    first = (await office.post(body)).json()
    elsewhere = office.officer("zhao", "registrar", unit="other")
    answer = await office.post({**body, "unit_id": "far", "name": "Other"}, elsewhere)
    assert_problem(answer, 409, "person.duplicate", "id_number")
    assert "西湖区" in answer.text
    assert "学校" in answer.text
    for secret in ("周", body["id_number"], first["id"], "school名"):
        assert secret not in answer.text

"""Who may do and see what of volunteers; what of a person is shown, stored and logged."""

from typing import Any

from shared.mongo import Database
from tests import people
from tests.integration.registers import assert_problem
from tests.integration.volunteer.desk import PAPER, Desk, Headers


async def test_registration_takes_four_eyes_and_a_county(desk: Desk) -> None:
    both = desk.officer("zhao", "registrar", "approver")
    entry = (await desk.post(both)).json()
    entry = await desk.done(entry, "apply-registration", document=PAPER)
    assert_problem(await desk.act(entry, "register", both), 403, "four_eyes")
    below = desk.officer("qian", "approver", unit="town")
    assert_problem(await desk.act(entry, "register", below), 403, "scope.level")
    assert_problem(await desk.act(entry, "register", desk.registrar), 403, "scope.forbidden")
    by_region = desk.officer("sun", "approver", unit="330106")
    assert (await desk.act(entry, "register", by_region)).status_code == 200


async def test_scope_hides_what_lies_outside(desk: Desk) -> None:
    entry = await desk.enrolled()
    path = f"/v1/volunteers/{entry['id']}"
    stranger = desk.officer("feng", "registrar", "approver", "privacy", unit="other")
    assert_problem(await desk.http.get(path), 401, "auth.missing")
    assert_problem(await desk.http.get(path, headers=stranger), 404, "not_found")
    for action in ("enrol", "apply-registration", "register", "deregister", "void"):
        assert_problem(await desk.act(entry, action, stranger), 404, "not_found")
    viewer = desk.officer("chen", "viewer")
    assert (await desk.http.get(path, headers=viewer)).status_code == 200
    assert_problem(await desk.act(entry, "deregister", viewer), 403, "scope.forbidden")
    assert_problem(await desk.post(stranger), 403, "scope.forbidden")
    auditor = desk.officer("chu", "auditor")
    assert_problem(await desk.http.get(path, headers=auditor), 404, "not_found")


async def test_a_list_shows_the_scope_alone_page_by_page(desk: Desk, database: Database) -> None:
    inside = {(await desk.enrolled(unit_id=name))["id"] for name in ("school", "county")}
    there = desk.officer("feng", "registrar", unit="other")
    outside = (await desk.post(there, unit_id="far")).json()["id"]

    async def listed(who: Headers, **params: Any) -> list[str]:
        found, cursor = [], None
        while True:
            query = {**params, "limit": 2, **({"cursor": cursor} if cursor else {})}
            answer = await desk.http.get("/v1/volunteers", params=query, headers=who)
            assert answer.status_code == 200, answer.text
            found += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                return found

    county = await listed(desk.registrar)
    assert inside <= set(county)
    assert outside not in county
    assert county == sorted(set(county))
    elsewhere = await listed(there)
    assert outside in elsewhere
    assert not set(elsewhere) & set(county)
    school = set(await listed(desk.registrar, unit_id="school"))
    assert school < set(county)
    assert len(school & inside) == 1
    everyone = database.volunteers.count_documents({})
    assert len(await listed(desk.officer("hq", "viewer", unit="hq"))) == everyone
    refused = await desk.http.get("/v1/volunteers?unit_id=far", headers=desk.registrar)
    assert_problem(refused, 404, "not_found")


async def test_a_removal_is_not_the_registrars(desk: Desk) -> None:
    entry = await desk.enrolled()
    refused = await desk.act(entry, "deregister", ground="REMOVED", reason="违纪")
    assert_problem(refused, 403, "scope.forbidden")


async def test_a_volunteer_sees_the_own_entry_and_no_other(desk: Desk) -> None:
    entry, other = await desk.enrolled(), await desk.enrolled()
    self = desk.bearer("v", [], person=entry["id"])
    me = await desk.http.get("/v1/me", headers=self)
    assert me.status_code == 200, me.text
    assert (me.json()["name"], me.json()["status"]) == ("王小明", "ENROLLED")
    assert me.json()["unit"] == {"id": "town", "name": "town红十字会", "code": "town"}
    own = await desk.http.get(f"/v1/volunteers/{entry['id']}", headers=self)
    assert own.json()["name"] == "王*"
    alien = await desk.http.get(f"/v1/volunteers/{other['id']}", headers=self)
    assert_problem(alien, 404, "not_found")
    assert_problem(await desk.act(entry, "deregister", self), 404, "not_found")
    officer = await desk.http.get("/v1/me", headers=desk.registrar)
    assert_problem(officer, 404, "volunteer.no_entry")


async def test_people_are_masked_and_sealed_and_each_read_is_logged(
    desk: Desk, database: Database
) -> None:
    number, phone = people.resident_id(), "13712349876"
    entry = await desk.enrolled(id_number=number, phone=phone, address="文三路 9 号")
    path = f"/v1/volunteers/{entry['id']}"
    shown = (await desk.http.get(path, headers=desk.registrar)).text
    assert not any(secret in shown for secret in (number, phone, "王小明", "文三路"))
    stored = str(database.volunteers.find_one({"_id": entry["id"]}))
    everything = stored + "".join(str(row) for row in database.outbox.find())
    assert not any(secret in everything for secret in (number, phone, phone[-8:], "文三路"))
    wanted = {"fields": ["id_number", "phone", "address"], "reason": "核对"}
    refused = await desk.http.post(f"{path}/reveal", json=wanted, headers=desk.registrar)
    assert_problem(refused, 403, "scope.forbidden")
    privacy = desk.officer("zhou", "privacy")
    full = await desk.http.post(f"{path}/reveal", json=wanted, headers=privacy)
    assert full.json()["fields"] == {
        "id_number": number, "phone": f"+86{phone}", "address": "文三路 9 号",
    }  # fmt: skip
    log = [
        (row["action"], row["reason"])
        for row in database.access_log.find({"entity": entry["id"]}).sort("at")
    ]
    assert log == [("create", None), ("read", None), ("reveal", "核对")]


async def test_other_services_learn_how_many_are_at_a_unit(desk: Desk) -> None:
    there = desk.officer("feng", "registrar", unit="other")
    entry = (await desk.post(there, unit_id="other")).json()
    service = desk.bearer("service:test", [], service=True)
    path = "/v1/units/other/people"
    assert (await desk.http.get(path, headers=service)).json() == {"people": 1}
    await desk.done(entry, "deregister", there)
    assert (await desk.http.get(path, headers=service)).json() == {"people": 0}
    assert_problem(await desk.http.get(path, headers=desk.registrar), 403, "scope.service")

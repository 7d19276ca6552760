"""Who may do and see what of volunteers; what of a person is shown, stored and logged."""

from uuid import uuid4

from shared.base.mongo import Database
from shared.register.directory import doubt
from tests import people
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import check_problem
from tests.clients.volunteer import PAPER, Volunteers
from tests.waiting import until


def test_the_registration_of_a_volunteer_takes_four_eyes_and_a_county(
    volunteers: Volunteers,
) -> None:
    both = volunteers.officer("zhao", "registrar", "approver")
    entry = volunteers.create(both)
    entry = volunteers.done(entry, "apply-registration", body={"document": PAPER})
    check_problem(volunteers.act(entry, "register", both), 403, "four_eyes")
    below = volunteers.officer("qian", "approver", unit="town")
    check_problem(volunteers.act(entry, "register", below), 403, "scope.level")
    refused = volunteers.act(entry, "register", volunteers.registrar)
    check_problem(refused, 403, "scope.forbidden")
    by_region = volunteers.officer("sun", "approver", unit="330106")
    assert volunteers.act(entry, "register", by_region).status_code == 200


def test_a_volunteer_outside_the_scope_is_hidden_from_an_officer(volunteers: Volunteers) -> None:
    entry = volunteers.create()
    stranger = volunteers.officer("feng", "registrar", "approver", "privacy", unit="other")
    check_problem(volunteers.http.get(volunteers.of(entry)), 401, "auth.missing")
    check_problem(volunteers.read(entry, stranger), 404, "not_found")
    for action in ("enrol", "apply-registration", "register", "deregister", "void"):
        check_problem(volunteers.act(entry, action, stranger, {}), 404, "not_found")
    viewer = volunteers.officer("chen", "viewer")
    assert volunteers.read(entry, viewer).status_code == 200
    check_problem(volunteers.act(entry, "deregister", viewer), 403, "scope.forbidden")
    check_problem(volunteers.post(None, stranger), 403, "scope.forbidden")
    auditor = volunteers.officer("chu", "auditor")
    check_problem(volunteers.read(entry, auditor), 404, "not_found")


def test_a_list_of_volunteers_shows_the_scope_alone_page_by_page(
    volunteers: Volunteers, database: Database
) -> None:
    inside = {volunteers.create(unit_id=unit)["id"] for unit in ("school", "county", "town")}
    there = volunteers.officer("feng", "registrar", unit="other")
    outside = volunteers.create(there, unit_id="far")["id"]

    def listed(who: dict[str, str], **query: str) -> list[str]:
        return [item["id"] for item in volunteers.listed(who, limit=2, **query)]

    county = listed(volunteers.registrar)
    assert inside <= set(county)
    assert outside not in county
    assert county == sorted(set(county))
    elsewhere = listed(there)
    assert outside in elsewhere
    assert not set(elsewhere) & set(county)
    school = set(listed(volunteers.registrar, unit_id="school"))
    assert school < set(county)
    assert len(school & inside) == 1
    everyone = database.volunteers.count_documents({})
    assert len(listed(volunteers.officer("hq", "viewer", unit="hq"))) == everyone
    far = f"{volunteers.path}?unit_id=far"
    refused = volunteers.http.get(far, headers=volunteers.registrar)
    check_problem(refused, 404, "not_found")


def test_the_removal_of_a_volunteer_is_not_the_registrars(volunteers: Volunteers) -> None:
    removal = {"ground": "REMOVED", "reason": "违纪"}
    refused = volunteers.act(volunteers.create(), "deregister", volunteers.registrar, removal)
    check_problem(refused, 403, "scope.forbidden")


def test_a_volunteer_sees_the_own_entry_and_no_other(volunteers: Volunteers) -> None:
    entry, other = volunteers.create(), volunteers.create()
    own = volunteers.bearer("v", person=entry["id"])
    me = volunteers.me(entry)
    assert me.status_code == 200, me.text
    assert (me.json()["name"], me.json()["status"]) == ("王小明", "ENROLLED")
    assert me.json()["unit"] == {"id": "town", "name": "town红十字会", "code": "code-town"}
    assert volunteers.read(entry, own).json()["name"] == "王*"
    check_problem(volunteers.read(other, own), 404, "not_found")
    check_problem(volunteers.act(entry, "deregister", own), 404, "not_found")
    officer = volunteers.http.get("/v1/me", headers=volunteers.registrar)
    check_problem(officer, 404, "volunteer.no_entry")


def test_volunteers_are_masked_and_sealed_and_each_read_is_logged(
    volunteers: Volunteers, database: Database
) -> None:
    number, phone = people.resident_id(), "13712349876"
    entry = volunteers.create(id_number=number, phone=phone, address="文三路 9 号")
    shown = volunteers.read(entry).text
    assert not any(secret in shown for secret in (number, phone, "王小明", "文三路"))
    stored = str(database.volunteers.find_one({"_id": entry["id"]}))
    everything = stored + "".join(row["body"].decode() for row in database.outbox.find())
    assert entry["id"] in everything.removeprefix(stored)
    assert not any(secret in everything for secret in (number, phone, phone[-8:], "文三路"))
    wanted = {"fields": ["id_number", "phone", "address"], "reason": "核对"}
    reveal = volunteers.of(entry, "reveal")
    refused = volunteers.http.post(reveal, json=wanted, headers=volunteers.registrar)
    check_problem(refused, 403, "scope.forbidden")
    privacy = volunteers.officer("zhou", "privacy")
    full = volunteers.http.post(reveal, json=wanted, headers=privacy)
    assert full.json()["fields"] == {
        "id_number": number, "phone": f"+86{phone}", "address": "文三路 9 号",
    }  # fmt: skip
    log = [
        (row["action"], row["reason"])
        for row in database.access_log.find({"entity": entry["id"]}).sort("_id")
    ]
    assert log == [("create", None), ("read", None), ("reveal", "核对")]


def test_the_volunteer_service_fences_a_unit_for_services_only(
    volunteers: Volunteers, units: UnitsAsGiven
) -> None:
    unit = units.add(uuid4().hex, "county", type="TOWNSHIP")
    below = units.add(uuid4().hex, unit, type="SCHOOL")
    entry = volunteers.create(unit_id=unit)
    volunteers.create(unit_id=below)
    service = volunteers.bearer("service:test", service=True)
    path = f"/v1/units/{unit}/fence/change-1"
    assert volunteers.http.put(path, headers=service).json() == {"people": 1}
    volunteers.done(entry, "deregister")
    assert volunteers.http.put(path, headers=service).json() == {"people": 0}
    for method in ("PUT", "DELETE"):
        refused = volunteers.http.request(method, path, headers=volunteers.registrar)
        check_problem(refused, 403, "scope.service")


def test_a_volunteer_is_shown_while_nobody_knows_how_its_unit_stands(
    volunteers: Volunteers, units: UnitsAsGiven, database: Database
) -> None:
    """Seen: lists and the own entry were refused until org-units answered for a doubtful unit."""
    parent = units.add(uuid4().hex, "county", type="TOWNSHIP")
    unit = units.add(uuid4().hex, parent)
    entry = volunteers.create(unit_id=unit)
    doubt(database, [parent])
    units.down = True
    try:
        until(lambda: volunteers.read(entry).status_code == 503)  # its scope rests on the doubt
        own = volunteers.me(entry)
        assert (own.status_code, own.json()["unit"]["id"]) == (200, unit)
        service = volunteers.bearer("service:test", service=True)
        assert volunteers.read(entry, service).status_code == 200
        assert entry["id"] in [one["id"] for one in volunteers.listed(unit_id="county")]
    finally:
        units.down = False
    assert volunteers.read(entry).status_code == 200

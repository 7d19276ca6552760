"""A remark in a name is refused at every entrance of the member register, naming the action."""

import pytest

from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import check_problem

NAMES = [
    pytest.param("王芳（已故）", "remark.deceased", "decease", id="deceased"),
    pytest.param("王芳 (退会)", "remark.left", "withdraw", id="left"),
    pytest.param("王芳迁出", "remark.moved", "withdraw", id="moved"),
]


@pytest.mark.parametrize(("name", "code", "action"), NAMES)
def test_a_remark_in_the_name_of_a_member_is_refused_at_every_entrance(
    members: Members, database: Database, name: str, code: str, action: str
) -> None:
    member = members.create()
    body = members.body()
    rejected = members.done(members.post(body).json(), "reject")
    before = database.members.count_documents({})
    answer = members.post(members.body(name=name))
    check_problem(answer, 422, code, "name")
    assert action in answer.json()["errors"][0]["message"]
    check_problem(members.patch(member, {"name": name}), 422, code, "name")
    again = {"registration": {**body, "name": name}}
    refused = members.act(rejected, "reapply", members.registrar, again)
    check_problem(refused, 422, code, "registration.name")
    guarded = members.body(guardian=people.guardian(name=name))
    check_problem(members.post(guarded), 422, code, "guardian.name")
    (row,) = members.bulk([members.row(1, name=name)]).json()["results"]
    assert (row["status"], row["errors"][0]["code"]) == (422, code)
    paper = {"number": "9号", "issued_on": "2026-01-05"}
    both = members.officer("qian", "registrar", "approver")
    page = members.bulk([members.row(1, name=name)], both, "existing", document=paper)
    assert page.json()["results"][0]["errors"][0]["code"] == code
    assert database.members.count_documents({}) == before

"""A remark in a name is refused at every entrance of the volunteer register, naming the action."""

from shared.base.mongo import Database
from tests.clients.register import check_problem
from tests.clients.volunteer import Volunteers

NAME, CODE = "王芳（已故）", "remark.deceased"


def test_a_remark_in_the_name_of_a_volunteer_is_refused_at_every_entrance(
    volunteers: Volunteers, database: Database
) -> None:
    entry = volunteers.create()
    body = volunteers.body()
    gone = volunteers.done(volunteers.post(body).json(), "deregister")
    before = database.volunteers.count_documents({})
    answer = volunteers.post(volunteers.body(name=NAME))
    check_problem(answer, 422, CODE, "name")
    assert "deregister" in answer.json()["errors"][0]["message"]
    check_problem(volunteers.patch(entry, {"name": NAME}), 422, CODE, "name")
    again = {"registration": {**body, "name": NAME}}
    refused = volunteers.act(gone, "enrol", volunteers.registrar, again)
    check_problem(refused, 422, CODE, "registration.name")
    assert database.volunteers.count_documents({}) == before

"""The HTTP process of the volunteer service: ``python -m volunteer.main``."""

from typing import Any

from fastapi import FastAPI

from shared.base.settings import WriterSettings
from shared.people.writer import PeopleWriter
from shared.web.serving import serve
from volunteer.enrolment import api
from volunteer.enrolment.service import enrolments_of
from volunteer.settings import VolunteerSettings


def create_app(
    settings: WriterSettings | None = None, own: VolunteerSettings | None = None, **parts: Any
) -> FastAPI:
    """Return the application; what is not given is read from the environment.

    Args:
        parts: verifier and peers to use instead of those of the settings (``PeopleWriter``).

    Raises:
        KeyRingProblem: no key ring is named, or it cannot be used.
    """
    writer = PeopleWriter(settings or WriterSettings(), **parts)
    settings_of = own or VolunteerSettings()
    rule, least_age = settings_of.registered_rule, settings_of.least_age
    return writer.app("volunteer", api.router, volunteers=enrolments_of(writer, rule, least_age))


if __name__ == "__main__":
    process = WriterSettings()
    serve(create_app, process, process)

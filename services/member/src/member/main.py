"""The HTTP process of the member service: ``python -m member.main``."""

from typing import Any

from fastapi import FastAPI

from member.membership import api
from member.membership.service import memberships_of
from member.settings import MemberSettings
from shared.base.settings import WriterSettings
from shared.people.writer import PeopleWriter
from shared.web.serving import serve


def create_app(
    settings: WriterSettings | None = None, own: MemberSettings | None = None, **parts: Any
) -> FastAPI:
    """Return the application; what is not given is read from the environment.

    Args:
        parts: verifier and peers to use instead of those of the settings (``PeopleWriter``).

    Raises:
        KeyRingProblem: no key ring is named, or it cannot be used.
    """
    writer = PeopleWriter(settings or WriterSettings(), **parts)
    return writer.app("member", api.router, members=memberships_of(writer, own or MemberSettings()))


if __name__ == "__main__":
    process = WriterSettings()
    serve(create_app, process, process)

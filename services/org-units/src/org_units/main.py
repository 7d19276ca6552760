"""The HTTP process of org-units: ``python -m org_units.main``."""

from fastapi import FastAPI

from org_units.settings import OrgUnitsSettings
from org_units.units import api
from org_units.units.service import units_of
from shared.base.settings import WriterSettings
from shared.register.peers import Peers
from shared.register.writer import Writer
from shared.web.access.tokens import TokenVerifier
from shared.web.serving import serve


def create_app(
    settings: WriterSettings | None = None,
    own: OrgUnitsSettings | None = None,
    *,
    verifier: TokenVerifier | None = None,
    peers: Peers | None = None,
) -> FastAPI:
    """Return the application; what is not given is read from the environment."""
    settings = settings or WriterSettings()
    writer = Writer(settings, verifier, peers)
    units = units_of(
        writer.database, writer.peers, own or OrgUnitsSettings(), settings.kafka_partitions
    )
    return writer.app("org-units", api.router, units=units)


if __name__ == "__main__":
    process = WriterSettings()
    serve(create_app, process, process)

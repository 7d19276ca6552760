"""The HTTP process of the aggregator: figures, live stream, dashboard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

import aggregator.messages  # noqa: F401  (registers this service's texts)
from aggregator.deadletters import api as deadletters_api
from aggregator.figures import api as figures_api
from aggregator.figures.live import Live
from aggregator.figures.service import FiguresService
from aggregator.figures.stream import Hub
from aggregator.intake import api as intake_api
from aggregator.plans.service import load_plans
from aggregator.recount import api as recount_api
from aggregator.settings import AggregatorSettings
from shared.base.mongo import connect, connect_async
from shared.base.settings import AccessSettings, HttpSettings, MongoSettings, ProcessSettings
from shared.web.access import TokenVerifier
from shared.web.app import create_app
from shared.web.serving import serve

PAGES = Path(__file__).parent / "dashboard"

router = APIRouter()
for api in (figures_api, deadletters_api, recount_api, intake_api):
    router.include_router(api.router)


def build(
    settings: AggregatorSettings | None = None,
    mongo: MongoSettings | None = None,
    process: ProcessSettings | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Wire the process by hand; what is not given comes from its environment."""
    settings, mongo = settings or AggregatorSettings(), mongo or MongoSettings()
    database = connect_async(mongo)
    live = Live(settings.expected_sources, settings.complete_seconds)
    service = FiguresService(database, load_plans(), live)
    hub = Hub(service, settings)

    async def figures() -> None:
        service.check_ready()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.figures, app.state.hub = service, hub
        app.state.database, app.state.async_database = connect(mongo), database
        await hub.start(app.state.closing)
        try:
            yield
        finally:
            await hub.stop()
            app.state.database.client.close()
            await database.client.close()

    app = create_app(
        "Red Cross registry: aggregator",
        settings=HttpSettings(),
        instance=(process or ProcessSettings()).instance,
        routers=[router],
        readiness=[figures],
        lifespan=lifespan,
        verifier=verifier or TokenVerifier(AccessSettings()),
    )

    _add_pages(app, settings.frontend_dir)
    return app


def _add_pages(app: FastAPI, frontend: Path | None) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGES / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/static", StaticFiles(directory=PAGES), name="static")
    if frontend is not None and frontend.is_dir():
        app.mount("/frontend", StaticFiles(directory=frontend), name="frontend")


def main() -> None:
    serve(build, ProcessSettings(), HttpSettings())


if __name__ == "__main__":
    main()

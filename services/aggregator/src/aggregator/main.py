"""The HTTP process of the aggregator: figures, live stream, dashboard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from aggregator import api
from aggregator.plans import load_plans
from aggregator.settings import AggregatorSettings
from aggregator.stream import Hub
from shared.base.errors import Unavailable
from shared.base.mongo import connect, connect_async
from shared.base.settings import AccessSettings, HttpSettings, MongoSettings, ProcessSettings
from shared.web.access import TokenVerifier
from shared.web.app import create_app
from shared.web.serving import serve

PAGES = Path(__file__).parent / "dashboard"


def build(
    settings: AggregatorSettings | None = None,
    mongo: MongoSettings | None = None,
    process: ProcessSettings | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Wire the process by hand; what is not given comes from its environment."""
    settings, mongo = settings or AggregatorSettings(), mongo or MongoSettings()
    process = process or ProcessSettings()
    plans = load_plans()
    database = connect_async(mongo)
    hub = Hub(database, settings, partial(api.describe, plans=plans))

    async def figures() -> None:
        if not hub.ready:
            raise Unavailable("figures.starting")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.hub, app.state.plans = hub, plans
        app.state.database = connect(mongo)
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
        instance=process.instance,
        routers=[api.router],
        readiness=[figures],
        lifespan=lifespan,
        verifier=verifier or TokenVerifier(AccessSettings()),
    )

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGES / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/static", StaticFiles(directory=PAGES), name="static")
    if settings.frontend_dir is not None and settings.frontend_dir.is_dir():
        app.mount("/frontend", StaticFiles(directory=settings.frontend_dir), name="frontend")
    return app


def main() -> None:
    """Serve until SIGTERM."""
    serve(build, ProcessSettings(), HttpSettings())


if __name__ == "__main__":
    main()

"""The baseline of a registration: FastAPI, one pydantic model, one ``insert_one``, nothing else.

It inserts a document of the very fields and sizes the member service stores, with the same
indexes, write concern and server settings. It checks no token, rule or uniqueness, encrypts,
numbers and logs nothing, and no second document goes along.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from shared.base.clock import now
from shared.base.ids import new_id
from shared.base.mongo import connect_async
from shared.base.settings import HttpSettings, MongoSettings, ProcessSettings
from shared.web.requests import JsonResponse
from shared.web.serving import serve

DATABASE, COLLECTION = "bare", "members"


class Consent(BaseModel):
    version: str
    channel: str
    given_on: str


class Application(BaseModel):
    kind: str
    unit_id: str
    name: str
    id_type: str
    id_number: str
    phone: str
    consent: Consent


def like(template: dict[str, Any]) -> dict[str, Any]:
    """Return a document like a stored one, all that is indexed or random in it made anew."""
    index = secrets.token_urlsafe(32)
    return {
        **template,
        "_id": new_id(),
        "id_index": [_resized(template["id_index"][0], index)],
        "phone_index": [_resized(template["phone_index"][0], index)],
        "phone_tail_index": [_resized(template["phone_tail_index"][0], index)],
        "id_sealed": secrets.token_bytes(len(template["id_sealed"])),
        "phone_sealed": secrets.token_bytes(len(template["phone_sealed"])),
        "created_at": now(),
    }


def _resized(known: str, fresh: str) -> str:
    """Return an index of the length of a known one."""
    return (fresh + known)[: len(known)]


def build() -> FastAPI:
    """Wire the baseline."""
    database = connect_async(MongoSettings(mongo_database=DATABASE))
    template: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        found = await database.client["member"]["members"].find_one()
        template.update(found or {})
        yield
        await database.client.close()

    # As the member service: FastAPI's own telemetry costs a simple route 13 %.
    app = FastAPI(
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        lifespan=lifespan,
    )
    app.state.closing = asyncio.Event()

    @app.get("/readyz")
    async def ready() -> dict[str, bool]:
        return {"ready": bool(template)}

    @app.post("/v1/members")
    async def create(body: Application) -> JsonResponse:
        document = {**like(template), "unit": body.unit_id, "name": body.name, "kind": body.kind}
        await database[COLLECTION].insert_one(document)
        return JsonResponse({"id": document["_id"], "version": 1}, status_code=201)

    return app


if __name__ == "__main__":
    serve(build, ProcessSettings(), HttpSettings())

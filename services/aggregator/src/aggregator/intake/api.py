"""HTTP of the marks: a relay asks how far its events are counted, and which numbers are missing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from aggregator.intake import service
from shared.contract import events
from shared.contract.marks import Mark, Marks, ReportedGap
from shared.web.access import CurrentPrincipal
from shared.web.access.principal import require_service

router = APIRouter(prefix="/v1", tags=["marks"])


@router.get("/marks")
def marks(
    request: Request, principal: CurrentPrincipal, source: Annotated[str, Query(max_length=100)]
) -> Marks:
    """Answer the last number counted of each partition and epoch of a source."""
    require_service(principal)
    topics = events.TOPICS_OF_SOURCE.get(source, ())
    found = []
    for (topic, partition), cursor in service.cursors(request.app.state.database).items():
        gap = None if cursor.gap is None else ReportedGap(**vars(cursor.gap))
        for key, sequence in cursor.sequences.items():
            name, _, epoch = key.rpartition("@")
            if topic in topics and source.endswith(f"/{name}"):
                found.append(
                    Mark(
                        topic=topic,
                        partition=partition,
                        epoch=int(epoch),
                        sequence=sequence,
                        gap=gap,
                    )
                )
    return Marks(source=source, marks=tuple(found))

"""HTTP of the aggregator."""

from fastapi import APIRouter

import aggregator.messages  # noqa: F401  (registers this service's texts)
from aggregator.api import figures, operation
from aggregator.api.figures import describe

router = APIRouter()
router.include_router(figures.router)
router.include_router(operation.router)

__all__ = ["describe", "router"]

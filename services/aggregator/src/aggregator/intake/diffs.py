"""Applies the updates of a change stream to the documents they describe (pure)."""

from collections.abc import Mapping
from typing import Any

from aggregator.intake.documents import Document


def apply(document: Document, description: Mapping[str, Any]) -> None:
    """Apply an update to a document.

    Args:
        document: changed in place.
        description: ``updateDescription`` of a change event.
    """
    for cut in description.get("truncatedArrays", ()):
        holder, last = _holder(document, cut["field"].split("."))
        del holder[last][cut["newSize"] :]
    for path, value in description["updatedFields"].items():
        _assign(document, path.split("."), value)
    for path in description["removedFields"]:
        holder, last = _holder(document, path.split("."))
        holder.pop(last, None)


def _holder(container: Any, path: list[str]) -> tuple[Any, str]:
    """Return what holds the last step of a path, and that step."""
    *parents, last = path
    for key in parents:
        if isinstance(container, list):
            container = container[int(key)]
            continue
        if container.get(key) is None:
            container[key] = {}  # an older change of what was loaded without it
        container = container[key]
    return container, last


def _assign(document: Document, path: list[str], value: Any) -> None:
    container, last = _holder(document, path)
    if isinstance(container, list):
        position = int(last)
        container[position : position + 1] = [value]
    else:
        container[last] = value

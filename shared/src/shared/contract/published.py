"""The published contract: JSON Schemas and ``docs/asyncapi.yaml``, generated from the models.

``python -m shared.contract.published --write`` renews them, and refuses a change within a version
that is not additive; ``--check`` fails where they are stale. A breaking change is a new version.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shared.contract import events
from shared.contract.events.envelope import CONTENT_TYPE, Event
from shared.contract.events.payloads import Watermark

SCHEMAS = Path(__file__).parent / "events/schemas"
ASYNCAPI = Path("docs/asyncapi.yaml")


def schemas() -> dict[str, dict[str, Any]]:
    """Return each file's name and schema: the envelope, every type's data, the watermark."""
    found = {"envelope.json": Event.model_json_schema(), "watermark.json": _titled(Watermark)}
    for event_type, model in events.MODELS.items():
        found[f"{event_type}.json"] = {"$id": f"urn:{event_type}", **_titled(model)}
    return found


def _titled(model: Any) -> dict[str, Any]:
    schema: dict[str, Any] = model.model_json_schema()
    return schema


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document: channels by topic, messages by type."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for source, topics in events.TOPICS_OF_SOURCE.items():
        noun = source.rsplit("/", 1)[1]
        for topic in topics:
            family = topic.rsplit(".", 1)[1]
            types = [name for name in events.MODELS if name.split(".")[2] == family]
            channels[family] = {
                "address": topic,
                "description": f"Written by {noun} alone; partitioned by crc32 of the unit's id.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in types},
            }
            operations[f"publish-{family}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{family}"},
            }
            for name in types:
                messages[name] = {
                    "name": name,
                    "contentType": CONTENT_TYPE,
                    "payload": {"$ref": f"../{_relative()}/{name}.json"},
                }
    _watermark(channels, operations, messages)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Red Cross registry events",
            "version": "1.0.0",
            "description": "A record's value is a CloudEvents JSON batch of 1..500 events of one "
            "partition; headers give source, epoch, first and last sequence. `payload` is the "
            "`data` of one event; the envelope is envelope.json next to it.",
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _watermark(
    channels: dict[str, Any], operations: dict[str, Any], messages: dict[str, Any]
) -> None:
    channels["watermark"] = {
        "address": events.WATERMARK_TOPIC,
        "description": "Written by every relay each second: up to when all commits are numbered "
        "and sent, and the last number of each partition. One partition, kept for a short time; "
        "the newest one of each source is all that counts. Plain JSON, no batch.",
        "messages": {"watermark": {"$ref": "#/components/messages/watermark"}},
    }
    operations["publish-watermark"] = {
        "action": "send",
        "channel": {"$ref": "#/channels/watermark"},
    }
    messages["watermark"] = {
        "name": "watermark",
        "contentType": "application/json",
        "payload": {"$ref": f"../{_relative()}/watermark.json"},
    }


def _relative() -> str:
    return "shared/src/shared/contract/events/schemas"


def breaks(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Yield each way in which a new schema refuses what the old one allowed, or drops a field.

    Args:
        old: the released schema (any JSON value within it).
        new: the schema the models give now.
        where: path of what is compared.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _breaks_of_object(old, new, where)
    elif isinstance(old, list) and isinstance(new, list):
        for item in old:
            if item not in new:
                yield f"{where} no longer allows {json.dumps(item)}"
    elif old != new:
        yield f"{where} was {json.dumps(old)}, is {json.dumps(new)}"


def _breaks_of_object(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    for key in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{where}/{key} became required"
    for key in old.keys() - {"description", "title", "required"}:
        if key in new:
            yield from breaks(old[key], new[key], f"{where}/{key}")
        else:
            yield f"{where}/{key} is gone"
    if not where.endswith(("/properties", "/$defs")):
        harmless = {"description", "title", "default", "required"}
        for key in sorted(new.keys() - old.keys() - harmless):
            yield f"{where}/{key} is a new restriction"


def _files() -> dict[Path, str]:
    texts = {
        SCHEMAS / name: json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }
    texts[ASYNCAPI] = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True)
    return texts


def check() -> list[str]:
    """Return what is stale or missing."""
    stale = [
        str(path.name)
        for path, text in _files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    known = {path.name for path in _files()}
    stale += [path.name for path in SCHEMAS.glob("*.json") if path.name not in known]
    return stale


def write() -> list[str]:
    """Write what changed; return the breaks that forbid it, in which case nothing is written."""
    problems: list[str] = []
    for name, schema in schemas().items():
        path = SCHEMAS / name
        if path.exists():
            old = json.loads(path.read_text(encoding="utf-8"))
            problems += [f"{name}{problem}" for problem in breaks(old, schema)]
    if problems:
        return problems
    SCHEMAS.mkdir(exist_ok=True)
    ASYNCAPI.parent.mkdir(exist_ok=True)
    for path, text in _files().items():
        path.write_text(text, encoding="utf-8")
    return []


def main() -> None:
    """Check or write; exit 1 with the reasons where that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        problems = [f"stale: {name}; run make schemas" for name in check()]
    else:
        problems = [f"not additive, make a new version: {problem}" for problem in write()]
    for problem in problems:
        sys.stderr.write(problem + "\n")
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()

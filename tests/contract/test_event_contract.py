"""The published contract holds: samples of released versions parse, schemas are fresh, changes additive."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.contract import events
from shared.contract import published as contract
from shared.contract.events.envelope import Event, Span, headers, span_of

SAMPLES = sorted((Path(__file__).parent / "samples").glob("v*/*.json"))
PERSONAL = ("name", "id_number", "phone", "birth_date", "address", "guardian")


def test_every_type_of_event_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES} == set(events.MODELS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_released_sample_of_an_event_parses_for_ever(path: Path) -> None:
    event = events.read_event(json.loads(path.read_text(encoding="utf-8")))
    payload = events.read_payload(event)
    assert event.type == path.stem
    assert type(payload) is events.MODELS[event.type]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_of_an_event_satisfies_its_published_schema(path: Path) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((contract.SCHEMAS / f"{path.stem}.json").read_text(encoding="utf-8"))
    jsonschema.validate(raw["data"], schema)
    envelope = json.loads((contract.SCHEMAS / "envelope.json").read_text(encoding="utf-8"))
    jsonschema.validate(raw, envelope)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_official_sdk_reads_a_sample_of_an_event(path: Path) -> None:
    event = JSONFormat().read(CloudEvent, path.read_bytes())
    assert event.get_type() == path.stem
    assert event.get_extension("sequence") == 7


@pytest.mark.parametrize(
    "path", [p for p in SAMPLES if ".unit." not in p.stem], ids=lambda p: p.stem
)
def test_no_event_of_a_person_has_room_for_what_names_one(path: Path) -> None:
    schema = (contract.SCHEMAS / f"{path.stem}.json").read_text(encoding="utf-8")
    assert not [field for field in PERSONAL if f'"{field}"' in schema]


def test_schemas_of_events_and_asyncapi_are_fresh() -> None:
    assert contract.check() == []


def change(edit: Any) -> list[str]:
    old = contract.schemas()["org.redcross.member.registered.v1.json"]
    new = copy.deepcopy(old)
    edit(new)
    return list(contract.breaks(old, new))


def test_a_new_optional_field_of_an_event_is_additive() -> None:
    assert change(lambda s: s["properties"].update(note={"type": "string", "default": ""})) == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s["properties"].pop("version"),
        lambda s: s["required"].append("note"),
        lambda s: s["$defs"]["MemberState"]["properties"]["sex"]["enum"].remove("9"),
        lambda s: s["$defs"]["MemberState"]["properties"]["unit"].update(pattern="^x$"),
        lambda s: s["properties"]["version"].update(maximum=10),
        lambda s: s["properties"]["version"].update(type="string"),
    ],
)
def test_a_change_of_the_event_contract_that_refuses_what_was_allowed_is_named(edit: Any) -> None:
    assert change(edit)


def test_headers_of_an_event_record_give_back_its_span() -> None:
    span = Span("/services/member", 3, 10, 12)
    assert span_of(headers(span)) == span


@pytest.mark.parametrize(
    "spoilt",
    [[], [("source", b"x")], [*headers(Span("/services/member", 1, 5, 4))],
     [("source", b"\xff"), ("epoch", b"1"), ("first-sequence", b"1"), ("last-sequence", b"1")],
     [("source", b"s"), ("epoch", b"one"), ("first-sequence", b"1"), ("last-sequence", b"1")]],
)  # fmt: skip
def test_headers_of_an_event_record_without_a_span_give_none(
    spoilt: list[tuple[str, bytes]],
) -> None:
    assert span_of(spoilt) is None


def test_the_envelope_of_an_event_is_frozen() -> None:
    raw = json.loads(SAMPLES[0].read_text(encoding="utf-8"))
    event = Event.model_validate(raw)
    with pytest.raises(ValueError, match="frozen"):
        event.sequence = 8  # type: ignore[misc]

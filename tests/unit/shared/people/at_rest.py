"""Persons and entries at rest, drawn for properties, and what the database makes of a document."""

from dataclasses import fields
from datetime import date
from typing import Any

import bson
from bson.codec_options import CodecOptions
from hypothesis import strategies as st

from shared.base.mongo import Document
from shared.contract.timeline import Entry
from shared.people import identifiers
from shared.people.entity import P
from shared.people.identifiers import Identifier, IdType
from shared.people.intake import ConsentInput, Guardian, Person
from shared.people.sealed import Cipher, SealedPerson, seal
from shared.people.store import PersonStore
from shared.register.requests import PaperDocument
from tests.unit.shared.people.entries import MOMENT, TODAY
from tests.unit.shared.people.strategies import eighteen

texts = st.text(st.characters(categories=["Lo", "Nd"]), min_size=1, max_size=12)
subjects = st.sampled_from(["li", "wang", "chen"])
days = st.dates(date(1950, 1, 1), TODAY)
phones = st.integers(13_000_000_000, 19_999_999_999).map("+86{}".format)
consents = st.builds(
    ConsentInput, version=texts, channel=texts, given_on=days, document=st.none() | texts
)
papers = st.builds(PaperDocument, number=texts, issued_on=st.none() | days)


def _identifier(drawn: tuple[IdType, str, date]) -> Identifier:
    return identifiers.check(drawn[0], drawn[1], TODAY)


numbered = eighteen().map(_identifier)
unnumbered = st.just(Identifier(IdType.NONE, ""))


def sealed(cipher: Cipher, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[SealedPerson]:
    """Return persons sealed for a cipher.

    Args:
        known: how fields are drawn that a register asks of everyone.
    """
    drawn: dict[str, st.SearchStrategy[Any]] = {
        "name": texts,
        "sex": st.sampled_from("0129"),
        "birth_date": st.none() | days,
        "identifier": numbered | unnumbered,
        "phone": st.none() | phones,
        "address": st.none() | texts,
        "ethnicity": st.none() | st.sampled_from(["01", "33", "97"]),
        "education": st.none() | st.just("20"),
        "political": st.none() | st.just("13"),
        "occupation": st.none() | st.just("27"),
        "guardian": st.none() | st.builds(Guardian, texts, texts, phones, st.none() | consents),
    }
    return st.builds(Person, **{**drawn, **known}).map(lambda person: seal(person, cipher))


@st.composite
def timelines(draw: st.DrawFn, state: dict[str, Any]) -> tuple[Entry, ...]:
    """Dated states, in order of their days, each of a run of its own; some count nowhere."""
    drawn = draw(st.dictionaries(days, st.booleans(), max_size=4))
    return tuple(
        Entry(day, MOMENT, state if drawn[day] else None, run, run)
        for run, day in enumerate(sorted(drawn), 1)
    )


def in_database(document: Document) -> Document:
    """Return a document as the database gives it back."""
    options: CodecOptions[Document] = CodecOptions(tz_aware=True)
    return bson.decode(bson.encode(document), options)


def check_read_back(store: PersonStore[P], kind: Any, entity: P) -> None:
    """Hold that an entry is stored as its document class wants it, and read back as it was.

    Args:
        store: of the noun.
        kind: the noun's document class; strict, so that it knows every field.
    """
    document = store.document(entity)
    kind._from_son(in_database(document)).validate()
    back = store.entity(in_database(document))
    assert store.document(back) == document
    assert type(back) is type(entity)
    # Sealed values know no equality: the documents have shown theirs.
    for one, other in ((back, entity), (back.person, entity.person)):
        for name in {field.name for field in fields(one)} - {"person", "guardian"}:
            if not name.endswith("_sealed"):
                assert getattr(one, name) == getattr(other, name), name
    assert back.state == entity.state
    assert back.authors == entity.authors

"""What a register of persons has stored of an entry, held against its document class."""

from dataclasses import dataclass
from typing import Any, Generic

import bson

from shared.base.mongo import Database, Document
from shared.people.entity import P
from shared.people.store import PersonStore
from tests.clients.register import Entity


@dataclass(frozen=True)
class Stored(Generic[P]):
    """The entries of one register as they are stored.

    Args:
        database: of the service.
        store: reads a stored document as an entry; it asks no database here.
        kind: the document class; strict, so that it knows every field.
    """

    database: Database
    store: PersonStore[P]
    kind: Any

    def check(self, entity: Entity) -> P:
        """Hold that an entry fits its document class and is read as it is stored; return it."""
        document = self.database[self.store.name].find_one({"_id": entity["id"]})
        assert document is not None
        found = self._read(document)
        assert (found.version, found.status) == (entity["version"], entity["status"])
        return found

    def check_all(self) -> None:
        """Hold the same of every entry there is."""
        for document in self.database[self.store.name].find():
            self._read(document)

    def _read(self, document: Document) -> P:
        self.kind._from_son(document).validate()
        found = self.store.entity(document)
        # Tuples are written as lists.
        again = bson.decode(bson.encode(self.store.document(found)), self.database.codec_options)
        assert again == document
        return found

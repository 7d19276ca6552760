"""Entities of one noun in MongoDB: the only place that knows their stored form.

The stored form is the entity's fields under their own names, ``_id`` for ``id``, without those that
are None or empty. A noun derives its store to add its queries. The mongoengine class of a noun
defines schema, validation and indexes; tests check every write path against it (docs/design.md
section 3).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, Generic, get_args, get_type_hints

from pydantic import PlainSerializer, TypeAdapter
from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.base.mongo import AsyncClientSession, AsyncCollection, AsyncDatabase, Document
from shared.register.entity import E

Insert = tuple[str, Document]
"""A collection's name and a document to insert there."""

LIST_TIMEOUT_MS = 5_000
"""How long the database may work on one page of a list."""

DUPLICATE_KEY = 11000
_INDEX_OPTIONS = ("name", "sparse", "unique", "partialFilterExpression")


class Duplicate(Exception):
    """A unique index refused one of several inserts; the transaction is lost."""


DUPLICATES = (Duplicate, DuplicateKeyError)
"""Raised when a concurrent request took a key or number."""


class Store(Generic[E]):
    """Entities of one noun; see the module.

    Args:
        database: the service's database.
        collection: where they are.
        kind: their class.
        flat: name of a field whose own fields are stored side by side with the entity's.
        claims: collection of the ids that only one entity may hold, and the field for its id there.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        collection: str,
        kind: type[E],
        *,
        flat: str | None = None,
        claims: tuple[str, str] = ("", ""),
    ) -> None:
        self.database = database
        self.name = collection
        self._flat = flat
        self.claims, self._holder = claims
        self._adapter: TypeAdapter[E] = TypeAdapter(kind)
        self._stored_as = _writers(kind)

    @property
    def collection(self) -> AsyncCollection[Document]:
        """Return the collection of the entities."""
        return self.database[self.name]

    @property
    def versions(self) -> AsyncCollection[Document]:
        """Return the collection of their earlier versions."""
        return self.database[f"{self.name}_versions"]

    def document(self, entity: E) -> Document:
        """Return an entity as it is stored."""
        stored = _plain(entity, self._stored_as)
        if self._flat is not None:
            stored.update(stored.pop(self._flat))
        stored["_id"] = stored.pop("id")
        return stored

    def claim_rows(self, claims: Sequence[str], entity: str) -> list[Insert]:
        """Return what to insert for the ids that an entity takes, and no other may hold."""
        return [(self.claims, {"_id": claim, self._holder: entity}) for claim in claims]

    async def release(
        self, claims: Sequence[str], entity: str, session: AsyncClientSession
    ) -> None:
        """Give up ids, those that an entity itself holds."""
        held = {"_id": {"$in": list(claims)}, self._holder: entity}
        await self.database[self.claims].delete_many(held, session=session)

    def entity(self, document: Mapping[str, Any]) -> E:
        """Return a stored document as an entity.

        Raises:
            pydantic.ValidationError: what is stored is no such entity (a defect of ours).
        """
        plain = {**document, "id": document["_id"]}
        if self._flat is not None:
            plain[self._flat] = document
        return self._adapter.validate_python(plain)

    def changes(self, before: E, after: E) -> Document:
        """Return the update that makes one version of an entity from another."""
        old, new = self.document(before), self.document(after)
        update: Document = {
            "$set": {name: value for name, value in new.items() if old.get(name) != value}
        }
        if gone := {name: "" for name in old if name not in new}:
            update["$unset"] = gone
        return update

    async def get(self, identity: str) -> E | None:
        """Return an entity by id, or None where there is none."""
        found = await self.collection.find_one({"_id": identity})
        return None if found is None else self.entity(found)

    async def page(
        self,
        query: Mapping[str, Any],
        *,
        after: str | None,
        limit: int,
        timeout_ms: int = LIST_TIMEOUT_MS,
    ) -> list[E]:
        """Return up to ``limit`` entities in order of their ids, from the one after ``after`` on."""
        wanted = {**query, "_id": {"$gt": after}} if after is not None else dict(query)
        cursor = self.collection.find(wanted).sort("_id", ASCENDING).limit(limit)
        return [self.entity(found) async for found in cursor.max_time_ms(timeout_ms)]

    async def status_of_version(self, identity: str, version: int) -> str | None:
        """Return the status of an earlier version, if it is an earlier one."""
        found = await self.versions.find_one({"_id": f"{identity}/{version}"}, {"status": 1})
        return None if found is None else str(found["status"])


Writers = list[tuple[str, Callable[[Any], Any] | None]]


def _writers(kind: Any) -> Writers:
    """Return how each field of a frozen class is stored: as its type's ``PlainSerializer`` says, a
    class of fields as a document, anything else as it is.

    pydantic's own serialiser takes twice the time: with 48 fields a tenth of an imported row.
    """
    hints = get_type_hints(kind, include_extras=True)
    return [(field.name, _writer(hints[field.name])) for field in fields(kind)]


def _writer(hint: Any) -> Callable[[Any], Any] | None:
    for part in (hint, *get_args(hint)):
        for serializer in getattr(part, "__metadata__", ()):
            if isinstance(serializer, PlainSerializer):
                return serializer.func  # type: ignore[return-value] # all of ours take the value
        if is_dataclass(part):
            return partial(_plain, writers=_writers(part))
    return None


def _plain(value: Any, writers: Writers) -> Document:
    stored: Document = {}
    for name, write in writers:
        one = getattr(value, name)
        if write is not None:
            if one is not None:
                stored[name] = write(one)
        elif one is not None and one != ():
            stored[name] = one
    return stored


async def insert_all(
    database: AsyncDatabase, inserts: Iterable[Insert], session: AsyncClientSession
) -> None:
    """Insert documents in a transaction, those of one collection at once, in their order.

    Raises:
        Duplicate: one of them is there already; the transaction is lost.
    """
    gathered: dict[str, list[Document]] = {}
    for collection, document in inserts:
        gathered.setdefault(collection, []).append(document)
    try:
        for collection, documents in gathered.items():
            await database[collection].insert_many(documents, session=session)
    except BulkWriteError as problem:
        if any(error["code"] == DUPLICATE_KEY for error in problem.details["writeErrors"]):
            raise Duplicate from problem
        raise


def indexes_of(kind: Any) -> Sequence[IndexModel]:
    """Return the indexes that a mongoengine class declares, for the migration."""
    return [
        IndexModel(spec["fields"], **{name: spec[name] for name in _INDEX_OPTIONS if name in spec})
        for spec in kind._meta["index_specs"]
    ]

"""Finds the unit a roster names, by name or code, within the chapter the roster is imported into."""

import unicodedata

from registry_cli.api import GONE, Api
from registry_cli.importing.failures import ImportFailed
from shared.tables.problems import Message, Unreadable

SUFFIX = "红十字会"
"""Rosters leave it out as often as not."""
MOST_PARENTS = 5_000
"""Bounds the listing of a subtree: a prefecture has about 200 parents, a large province 3,000."""
UNITS = "/v1/units"
UNKNOWN = Message(
    "unit.unknown",
    "在该单位及其下级中没有“{unit}”：请核对名称，或改填单位编号。",
    "There is no “{unit}” in or below this unit: check the name, or enter the unit's code.",
)
AMBIGUOUS = Message(
    "unit.ambiguous",
    "“{unit}”对应多个单位：请改填单位编号。",
    "Several units are called “{unit}”: enter the unit's code.",
)
MAY_HAVE_CHILDREN = frozenset({"CHAPTER", "TOWNSHIP", "SUBDISTRICT"})


class UnitFinder:
    """The units of one subtree, listed once on first need.

    Raises:
        ImportFailed: its root is absent or out of scope.
    """

    def __init__(self, api: Api, root: str) -> None:
        self._api = api
        missing = ImportFailed("unit", unit=root)
        self._root = api.get("org-units", f"{UNITS}/{root}", missing=missing)
        self._ids: dict[str, set[str]] | None = None

    def find(self, text: str | None) -> str:
        """Return the id of the unit; a blank text means the unit the import goes to.

        The whole subtree is listed, not searched by name, so that a name shared by two units of
        different townships is noticed and never settled by chance.

        Raises:
            Unreadable: none or several answer to the text.
        """
        if text is None:
            return str(self._root["id"])
        if self._ids is None:
            self._ids = self._list()
        found = self._ids.get(key_of(text), set())
        if len(found) != 1:
            raise Unreadable(AMBIGUOUS if found else UNKNOWN, unit=text)
        return next(iter(found))

    def _list(self) -> dict[str, set[str]]:
        units, parents = [self._root], [str(self._root["id"])]
        for listed, parent in enumerate(parents):  # which grows meanwhile
            if listed == MOST_PARENTS:
                raise ImportFailed("too_many_units", unit=parents[0], most=MOST_PARENTS)
            below = list(self._api.items("org-units", UNITS, {"parent_id": parent}))
            units += below
            parents += [str(unit["id"]) for unit in below if unit.get("type") in MAY_HAVE_CHILDREN]
        ids: dict[str, set[str]] = {}
        for unit in units:
            if unit.get("status") not in GONE:
                for said in filter(None, map(unit.get, ("name", "code", "id"))):
                    ids.setdefault(key_of(str(said)), set()).add(str(unit["id"]))
        return ids


def key_of(text: str) -> str:
    """Return what two spellings of one name or code have in common."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).casefold()
    return plain.removesuffix(SUFFIX) or plain

"""Finds the unit a roster names, by name or code, within the chapter the roster is imported into."""

import unicodedata
from collections import deque

from registry_cli.importing.api import Json, RegistryApi
from registry_cli.importing.failures import ImportFailed
from shared.tables.problems import Message, Unreadable

SUFFIX = "红十字会"
"""Rosters leave it out as often as not."""
MOST_PARENTS = 5_000
"""Bounds the listing of a subtree: a prefecture has about 200 parents, a large province 3,000."""
GONE = frozenset({"VOIDED", "DISSOLVED", "MERGED"})
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
    """The units of one subtree, listed once on first need."""

    def __init__(self, api: RegistryApi, org_units_url: str, unit_id: str) -> None:
        self._api = api
        self._list_url = f"{org_units_url.rstrip('/')}/v1/units"
        self._root = unit_id
        self._ids: dict[str, set[str]] | None = None

    def check_root(self) -> None:
        """Refuse at once a unit that is absent or out of scope."""
        self._api.get(f"{self._list_url}/{self._root}")

    def find(self, text: str | None) -> str:
        """Return the id of the unit; a blank text means the unit the import goes to.

        The whole subtree is listed, not searched by name, so that a name borne by two units of
        different townships is noticed and never settled by chance.

        Raises:
            Unreadable: none or several answer to the text.
        """
        if text is None:
            return self._root
        if self._ids is None:
            self._ids = self._list()
        found = self._ids.get(key_of(text), set())
        if len(found) != 1:
            raise Unreadable(AMBIGUOUS if found else UNKNOWN, unit=text)
        return next(iter(found))

    def _list(self) -> dict[str, set[str]]:
        ids: dict[str, set[str]] = {}
        _enter(ids, self._api.get(f"{self._list_url}/{self._root}"))
        parents = deque([self._root])
        listed = 0
        while parents:
            listed += 1
            if listed > MOST_PARENTS:
                raise ImportFailed("too_many_units", unit=self._root, most=MOST_PARENTS)
            for unit in self._api.items(self._list_url, {"parent_id": parents.popleft()}):
                _enter(ids, unit)
                if unit.get("type") in MAY_HAVE_CHILDREN:
                    parents.append(str(unit["id"]))
        return ids


def key_of(text: str) -> str:
    """Return what two spellings of one name or code have in common."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).casefold()
    return plain.removesuffix(SUFFIX) or plain


def _enter(ids: dict[str, set[str]], unit: Json) -> None:
    if unit.get("status") in GONE:
        return
    for said in (unit.get("name"), unit.get("code"), unit.get("id")):
        if said:
            ids.setdefault(key_of(str(said)), set()).add(str(unit["id"]))

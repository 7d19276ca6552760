"""Pages of a roster through the public API against ``insert_many`` of the finished documents."""

import http.client
import itertools
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import orjson
from pymongo import IndexModel

from benchmarks import bare
from benchmarks.report import Line, median_ratio
from benchmarks.stand import Stand, stand
from member.membership import store
from shared.base.mongo import Collection
from tests.people import consent, member

BASELINE = "raw pymongo insert_many(500) of the finished documents, same indexes"
ROWS = 500
"""Most rows of one page."""
_serials = itertools.count(200_000_000)
"""Apart from the numbers that the registrations take."""


def page(units: list[str], number: int) -> bytes:
    """Return the body of a page of members of long standing, as a county's roster gives it."""
    rows: list[dict[str, Any]] = []
    for row in range(ROWS):
        serial = next(_serials)
        person = member(units[(number + row // 100) % len(units)], phone=f"199{serial % 10**8:08}")
        del person["consent"]
        rows.append({**person, "row": row, "joined_on": f"20{serial % 24:02}-0{serial % 9 + 1}-15"})
    body = {"mode": "existing", "consent": consent(), "document": {"number": "备案-1"}}
    return orjson.dumps({**body, "rows": rows})


def run(*, quick: bool) -> Iterator[Line]:
    """Yield rows per second."""
    repetitions, pages = (1, 4) if quick else (5, 12)
    with stand() as place:
        place.prepare()
        plain = place.database(bare.DATABASE)[bare.COLLECTION]
        indexes: list[IndexModel] = list(store.INDEXES[store.MEMBERS])
        plain.create_indexes(indexes)
        post(place, [page(place.units, 0)])
        full: list[float] = []
        raw: list[float] = []
        sizes: list[int] = []
        for number in range(repetitions):
            bodies = [page(place.units, number * pages + one) for one in range(pages)]
            full.append(post(place, bodies))
            sizes = [len(body) for body in bodies]
            raw.append(_insert(place, plain, pages))
    conditions = {
        "page_rows": ROWS,
        "page_bytes": sizes[0],
        "pages": repetitions * pages,
        "client": "http.client, one connection, pages one after the other, made beforehand",
        "writes": "w=majority, j=true; relay not running",
    }
    middle = (median(full), median(raw))
    ratio = median_ratio(full, raw)
    yield Line("bulk.rows", middle[0], "rows/s", BASELINE, middle[1], ratio, conditions)


def post(place: Stand, bodies: list[bytes], service: str = "member") -> float:
    """Send pages one after the other; return rows per second.

    Raises:
        RuntimeError: a row was refused.
    """
    connection = http.client.HTTPConnection("127.0.0.1", place.port(service), timeout=60)
    headers = {"Authorization": f"Bearer {place.tokens[0]}", "Content-Type": "application/json"}
    began = time.perf_counter()
    for body in bodies:
        keyed = {**headers, "Idempotency-Key": f"page-{next(_serials)}"}
        connection.request("POST", "/v1/members/bulk", body, keyed)
        answer = connection.getresponse().read()
        if b'"accepted":%d,' % ROWS not in answer:
            raise RuntimeError(answer[:500].decode())
    spent = time.perf_counter() - began
    connection.close()
    return len(bodies) * ROWS / spent


def _insert(place: Stand, plain: Collection, pages: int) -> float:
    """Insert copies of what the service stored, made beforehand; return rows per second."""
    members = place.database("member")[store.MEMBERS]
    stored = list(members.find().sort("_id", -1).limit(ROWS))
    copies = [[bare.like(document) for document in stored] for _ in range(pages)]
    plain.insert_many([bare.like(stored[0])])
    began = time.perf_counter()
    for documents in copies:
        plain.insert_many(documents)
    spent = time.perf_counter() - began
    return pages * ROWS / spent

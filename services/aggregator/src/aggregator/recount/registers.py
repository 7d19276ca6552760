"""Asks a writer for its recount over HTTP."""

import time
from collections import Counter
from typing import Any

import httpx

from aggregator.intake.projection import Addend
from aggregator.recount.rules import Answer


class RecountFailed(Exception):
    """The comparison could not be made; nothing is known of the figures."""


def ask(client: httpx.Client, url: str, deadline: float) -> Answer:
    """Have a writer recount, and fetch the result.

    Raises:
        RecountFailed: it did not answer in time, or refused.
    """
    try:
        identity = _ok(client.post(f"{url}/v1/recounts", json={}))["id"]
        while True:
            job = _ok(client.get(f"{url}/v1/recounts/{identity}"))
            if job["status"] == "done":
                break
            if job["status"] == "failed":
                raise RecountFailed(f"{url} gave its recount up: {job['reason']}")
            if time.monotonic() > deadline:
                raise RecountFailed(f"{url} did not finish its recount; is its worker running?")
            time.sleep(0.1)
        counts: Counter[Addend] = Counter()
        for page in range(job["pages"]):
            for topic, unit, day, name, count in _ok(
                client.get(f"{url}/v1/recounts/{identity}/rows", params={"page": page})
            )["rows"]:
                counts[(topic, unit, day, name)] += count
    except httpx.HTTPError as problem:
        raise RecountFailed(f"{url}: {problem!r}") from problem
    return Answer(job["source"], job["epoch"], job["sequences"], counts, job["counted_at"])


def _ok(response: httpx.Response) -> Any:
    if response.is_error:
        raise RecountFailed(f"{response.request.url}: {response.status_code} {response.text[:300]}")
    return response.json()

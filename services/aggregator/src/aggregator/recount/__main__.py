"""Compares once with what the environment names: ``python -m aggregator.recount``."""

import sys
from contextlib import closing

import httpx
import orjson

from aggregator.recount import store
from aggregator.recount.rules import Report
from aggregator.recount.service import RecountFailed, compare
from aggregator.settings import AggregatorSettings
from shared.base.mongo import connect
from shared.base.settings import AccessSettings, KafkaSettings, MongoSettings, PeerSettings
from shared.pipeline.kafka import KafkaLog


def _from_environment() -> Report:
    """Compare what the environment names, store the report and return it."""
    peers, access, limit = PeerSettings(), AccessSettings(), AggregatorSettings().recount_seconds
    token = access.service_token_file.read_text().strip() if access.service_token_file else ""
    headers = {"Authorization": f"Bearer {token}"}
    urls = [peers.org_units_url, peers.member_url, peers.volunteer_url]
    database = connect(MongoSettings())
    with (
        closing(KafkaLog(KafkaSettings(), client_id="recount")) as event_log,
        httpx.Client(headers=headers, timeout=30.0) as client,
    ):
        report = compare(database, event_log, client, urls, seconds=limit)
    store.insert(database, report)
    return report


def main() -> None:
    """Compare once, store and print the report; exit 1 where something differs, 2 on failure."""
    try:
        report = _from_environment()
    except Exception as problem:  # noqa: BLE001 - whatever it was: exit code 1 says "they differ"
        reason = str(problem) if isinstance(problem, RecountFailed) else repr(problem)
        sys.stderr.write(f"核对未完成 / recount not made: {reason[:500]}\n")
        raise SystemExit(2) from None
    body = orjson.dumps(store.document(report), option=orjson.OPT_INDENT_2)
    sys.stdout.write(body.decode() + "\n")
    raise SystemExit(0 if report.equal else 1)


if __name__ == "__main__":
    main()

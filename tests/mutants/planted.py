"""The planted bugs: each as small as a slip of the hand. Whoever plants one names its test."""

from tests.mutants.planted_registers import ACCESS, WRITING
from tests.mutants.planting import Planted

_SHARED = "shared/src/shared/"
_AGGREGATOR = "services/aggregator/src/aggregator/"
_JOBS = "tests/integration/shared/test_jobs.py::"
_RELAY = "tests/integration/shared/test_relay.py::"
_WORKER = "tests/integration/aggregator/test_worker.py::"
_PROJECTION = "tests/unit/aggregator/test_projection.py::"
_TIMELINE = "tests/unit/shared/test_timeline.py::"

RELAY = (
    Planted(
        "relay-marks-before-the-answer",
        "A row is marked as sent only after the log has acknowledged it.",
        f"{_SHARED}pipeline/relay/__init__.py",
        "        acknowledged = self._sender.deliver(rows)\n        if acknowledged:\n",
        "        acknowledged = {place_of(row): row['sequence'] for row in rows}\n"
        "        transact(self.database, lambda session: self._mark(acknowledged, session))\n"
        "        acknowledged = self._sender.deliver(rows)\n        if acknowledged:\n",
        (f"{_WORKER}test_a_worker_holds_at_a_gap_until_it_is_repaired",),
    ),
    Planted(
        "relay-marks-behind-a-refusal",
        "Behind a refused record nothing of its partition is marked, though later ones got through.",
        f"{_SHARED}pipeline/relay/sending.py",
        "                if place not in broken:\n                    acknowledged[place]",
        "                acknowledged[place]",
        (f"{_WORKER}test_a_worker_holds_at_a_gap_until_it_is_repaired",),
    ),
    Planted(
        "relay-ignores-a-failed-delivery",
        "A delivery that failed is no acknowledgement.",
        f"{_SHARED}pipeline/relay/sending.py",
        "if delivery.done() or left <= self.renew_seconds:\n                    raise\n",
        "if delivery.done() or left <= self.renew_seconds:\n                    return\n",
        (f"{_WORKER}test_a_worker_holds_at_a_gap_until_it_is_repaired",),
    ),
    Planted(
        "relay-numbers-unfenced",
        "Whoever lost the lease gives no numbers.",
        f"{_SHARED}pipeline/relay/__init__.py",
        "        self._fence(session)\n        places = {",
        "        places = {",
        (f"{_RELAY}test_a_zombie_relay_is_fenced",),
    ),
    Planted(
        "relay-marks-unfenced",
        "Whoever lost the lease marks nothing as sent: its successor may be sending it again.",
        f"{_SHARED}pipeline/relay/__init__.py",
        "        self._fence(session)\n        for (topic, partition), last in",
        "        for (topic, partition), last in",
        (f"{_RELAY}test_a_relay_replaced_while_it_waits_for_answers_marks_nothing",),
    ),
    Planted(
        "lease-taken-though-not-run-out",
        "A lease is taken from another holder only once it has run out.",
        f"{_SHARED}pipeline/lease.py",
        '{"$lt": ["$expires_at", "$$NOW"]}',
        '{"$lt": ["$$NOW", "$expires_at"]}',
        (f"{_RELAY}test_a_zombie_relay_is_fenced",),
    ),
)

WORKER = (
    Planted(
        "fold-applies-a-higher-number",
        "A number beyond the next one is a gap and is not counted.",
        f"{_AGGREGATOR}intake/projection.py",
        "        return first == mark + 1",
        "        return first > mark",
        (f"{_PROJECTION}test_a_gap_holds_the_offset_of_the_projection_until_the_resend_closes_it",),
    ),
    Planted(
        "fold-applies-a-lower-number",
        "A number counted before is not counted again.",
        f"{_AGGREGATOR}intake/projection.py",
        "        return first == mark + 1",
        "        return first <= mark + 1",
        (f"{_PROJECTION}test_counters_equal_the_recount_for_today_and_every_past_day",),
    ),
    Planted(
        "offset-passes-a-gap",
        "While numbers are missing the stored offset stays before them, for the resend.",
        f"{_AGGREGATOR}intake/projection.py",
        "        if cursor.gap is None:\n            cursor.offset =",
        "        cursor.offset =",
        (f"{_PROJECTION}test_a_gap_holds_the_offset_of_the_projection_until_the_resend_closes_it",),
    ),
    Planted(
        "commit-unfenced",
        "A chunk is committed only over the marks that it was folded from.",
        f"{_AGGREGATOR}intake/store.py",
        '{"_id": identity, "commits": cursor.commits}, {"$set": fields}',
        '{"_id": identity}, {"$set": fields}',
        (f"{_WORKER}test_a_zombie_worker_is_fenced",),
    ),
    Planted(
        "first-commit-unfenced",
        "A partition's first chunk is committed only if nobody has committed one.",
        f"{_AGGREGATOR}intake/store.py",
        '        if database[MARKS].find_one({"_id": identity}, session=session) is not None:\n'
        "            raise Superseded(identity)\n"
        '        database[MARKS].insert_one({"_id": identity, **fields}, session=session)\n',
        "        database[MARKS].replace_one(\n"
        '            {"_id": identity}, fields, upsert=True, session=session\n'
        "        )\n",
        (f"{_WORKER}test_a_zombie_worker_is_fenced",),
    ),
)

RECOUNT = (
    Planted(
        "recount-with-rows-not-yet-numbered",
        "What has no number yet is taken off a recount again, for no mark covers it.",
        f"{_SHARED}register/recount.py",
        '.find({"state": outbox.WRITTEN}, session=session):\n            _take_off(counts, row)',
        '.find({"state": outbox.WRITTEN}, session=session):\n            continue',
        ("tests/integration/test_recount.py::test_a_recount_counts_what_the_numbered_rows_report",),
    ),
    Planted(
        "recount-outside-its-snapshot",
        "A recount is of one instant, whatever is registered meanwhile.",
        f"{_SHARED}register/recount.py",
        '.find({}, {"timeline": 1}, session=session, batch_size=5_000)',
        '.find({}, {"timeline": 1}, batch_size=5_000)',
        (
            "tests/integration/test_recount.py::test_what_is_written_during_a_recount_is_of_the_next",
        ),
    ),
)

JOBS = (
    Planted(
        "job-advances-unfenced",
        "Whoever lost its claim on a job stores no further chunk of it.",
        f"{_SHARED}register/jobs.py",
        "jobs.update_one(self._mine, {",
        'jobs.update_one({"_id": self.job.id}, {',
        (
            f"{_JOBS}test_jobs_killed_between_chunks_go_on_after_the_last_one"
            "_and_the_old_attempt_is_fenced",
        ),
    ),
)

FIGURES = (
    Planted(
        "as-of-without-its-own-day",
        "The figures as of a day are those at its end, with what took effect on it.",
        f"{_AGGREGATOR}intake/store.py",
        'match["d"] = {"$lte": day}',
        'match["d"] = {"$lt": day}',
        (
            "tests/integration/aggregator/test_figures_api.py::test_progress_shows_the_figures_now_and_on_past_days",
        ),
    ),
    Planted(
        "roll-up-forgets-an-ancestor",
        "What is counted at a unit is counted at every unit above it.",
        f"{_AGGREGATOR}figures/tree.py",
        "            card = above\n",
        "            return\n",
        ("tests/unit/aggregator/test_figures.py::test_the_roll_up_of_figures_equals_a_plain_walk",),
    ),
    Planted(
        "small-cells-shown",
        "A breakdown by personal attribute does not reveal four people or fewer.",
        f"{_AGGREGATOR}figures/disclosure.py",
        "SMALL_BELOW = 5",
        "SMALL_BELOW = 4",
        ("tests/unit/aggregator/test_disclosure.py",),
    ),
    Planted(
        "complete-in-spite-of-a-gap",
        "Figures with a gap in their numbers are not called complete.",
        f"{_AGGREGATOR}figures/rules.py",
        '    if gaps:\n        reasons.append("gap")\n',
        "",
        ("tests/unit/aggregator/test_freshness.py",),
    ),
    Planted(
        "complete-in-spite-of-a-dead-letter",
        "Figures without an event that was set aside are not called complete.",
        f"{_AGGREGATOR}figures/rules.py",
        '    if open_letters:\n        reasons.append("dead_letter")\n',
        "",
        ("tests/unit/aggregator/test_freshness.py",),
    ),
    Planted(
        "complete-by-a-watermark-from-the-future",
        "A watermark from the future says that a clock is wrong, and not that figures are fresh.",
        f"{_AGGREGATOR}figures/live.py",
        "            if age.ahead(now):\n",
        "            if age.ahead(now) and not age:\n",
        ("tests/unit/aggregator/test_freshness.py",),
    ),
    Planted(
        "late-fact-appended",
        "A fact dated before others comes before them and withdraws them.",
        f"{_SHARED}contract/timeline.py",
        "for known in timeline if known.effective_on < entry.effective_on)",
        "for known in timeline if known.effective_on != entry.effective_on)",
        (f"{_TIMELINE}test_a_fact_supersedes_what_the_timeline_dates_on_or_after_it",),
    ),
)

TABLES = (
    Planted(
        "rows-swallowed-by-an-open-quote",
        "Rows that an unpaired quote has made one cell of are reported, never lost.",
        f"{_SHARED}tables/table.py",
        "                found.append(Problem(problems.OPEN_QUOTE, params, title=title))\n",
        "                del params\n",
        ("tests/unit/shared/tables/test_table.py",),
    ),
    Planted(
        "a-record-without-end",
        "A file of one endless record is refused before it fills the memory.",
        f"{_SHARED}tables/csvfile.py",
        "        self.characters += len(line)\n",
        "        self.characters = len(line)\n",
        ("tests/unit/shared/tables/test_csvfile.py",),
    ),
)

PLANTED = (*RELAY, *WORKER, *RECOUNT, *JOBS, *FIGURES, *WRITING, *ACCESS, *TABLES)

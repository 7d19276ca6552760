"""The planted bugs: each as small as a slip of the hand. Whoever plants one names its test."""

from tests.mutants.planted_entering import DOCUMENTS, FENCES
from tests.mutants.planted_people import RUNS
from tests.mutants.planted_registers import ACCESS, WRITING
from tests.mutants.planted_rosters import ROSTERS, TABLES
from tests.mutants.planting import Planted

_SHARED = "shared/src/shared/"
_AGGREGATOR = "services/aggregator/src/aggregator/"
_JOBS = "tests/integration/shared/test_jobs.py::"
_RELAY = "tests/integration/shared/test_relay.py::"
_LOSSES = "tests/integration/shared/test_relay_losses.py::"
_WORKER = "tests/integration/aggregator/test_worker.py::"
_PROJECTION = "tests/unit/aggregator/test_projection.py::"
_TIMELINE = "tests/unit/shared/test_timeline.py::"

RELAY = (
    Planted(
        "relay-marks-before-the-answer",
        "A row is marked as sent only after the log has acknowledged it.",
        f"{_SHARED}pipeline/relay/__init__.py",
        "        acknowledged = self._sender.deliver(rows)\n        if acknowledged:\n",
        "        acknowledged = {place_of(row): Receipt(2**40, 2**40, 1, row['sequence']) for row in rows}\n"
        "        transact(self.database, lambda session: self._mark(acknowledged, session))\n"
        "        acknowledged = self._sender.deliver(rows)\n        if acknowledged:\n",
        (f"{_WORKER}test_a_worker_holds_at_a_gap_until_it_is_repaired",),
    ),
    Planted(
        "relay-marks-behind-a-refusal",
        "Behind a refused record nothing of its partition is marked, though later ones got through.",
        f"{_SHARED}pipeline/relay/sending.py",
        "                if place not in broken:\n",
        "                if True:\n",
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
        f"{_SHARED}pipeline/relay/numbering.py",
        "    fence(session)\n    places = {",
        "    places = {",
        (f"{_RELAY}test_a_zombie_relay_is_fenced",),
    ),
    Planted(
        "relay-marks-unfenced",
        "Whoever lost the lease marks nothing as sent: its successor may be sending it again.",
        f"{_SHARED}pipeline/relay/__init__.py",
        "        self._fence(session)\n        known = remembered.load",
        "        known = remembered.load",
        (f"{_RELAY}test_a_relay_replaced_while_it_waits_for_answers_marks_nothing",),
    ),
    Planted(
        "relay-takes-an-offset-given-anew",
        "An offset that was acknowledged before means that the log has lost its tail.",
        f"{_SHARED}pipeline/relay/__init__.py",
        "receipt.first_offset <= before.offset",
        "receipt.first_offset < 0",
        (f"{_LOSSES}test_a_relay_finds_a_lost_tail_by_the_next_offset_it_is_given",),
    ),
    Planted(
        "relay-sends-on-after-a-failure-uncompared",
        "What was written without an answer may fill the offsets that the log has lost.",
        f"{_SHARED}pipeline/relay/health.py",
        "rest, rest)\n        self.doubtful.add(place)\n",
        "rest, rest)\n",
        (f"{_LOSSES}test_a_relay_finds_a_lost_tail_that_records_without_an_answer_hide",),
    ),
    Planted(
        "relay-compares-the-end-only",
        "While the record remembered is where it was, nothing before it is lost; its offset alone "
        "proves nothing.",
        f"{_SHARED}pipeline/relay/tail.py",
        "        if span is not None and span.last == sent.sequence:",
        "        if span is not None:",
        (f"{_LOSSES}test_a_relay_finds_a_lost_tail_that_records_without_an_answer_hide",),
    ),
    Planted(
        "relay-sends-a-refused-record-with-all-others",
        "A partition of which a record is refused is sent alone: the others are not to fail with it.",
        f"{_SHARED}pipeline/relay/health.py",
        "        self.alone |= places\n",
        "",
        (
            "tests/integration/shared/test_relay_refusals.py"
            "::test_a_relay_is_not_ready_while_a_record_is_refused",
        ),
    ),
    Planted(
        "relay-numbers-a-row-for-a-partition-that-is-not-there",
        "No row can be stored that no relay can send.",
        f"{_SHARED}pipeline/relay/numbering.py",
        '        numbers["partition"] = row["partition"]\n',
        "",
        (
            "tests/integration/shared/test_partitions.py"
            "::test_a_relay_sends_every_row_whatever_partition_it_was_stored_for",
        ),
    ),
    Planted(
        "relay-compares-only-once",
        "A relay that leads compares with the log from time to time, whatever it sends meanwhile.",
        f"{_SHARED}pipeline/relay/__main__.py",
        "            self.relay.heal()\n",
        "",
        (
            "tests/integration/shared/test_relay_comparing.py"
            "::test_a_relay_that_leads_compares_with_the_log_again",
        ),
    ),
    Planted(
        "relay-deletes-what-is-not-counted",
        "A sent row is deleted only once the aggregator has counted it.",
        f"{_SHARED}pipeline/relay/pruning.py",
        '{"sequence": {"$lte": mark.sequence}, ',
        '{"sequence": {"$gt": 0}, ',
        (
            "tests/integration/shared/test_relay_pruning.py"
            "::test_a_relay_deletes_the_old_rows_that_are_counted",
        ),
    ),
    Planted(
        "consumer-reads-on-in-a-topic-made-anew",
        "A topic with another id is read from its beginning.",
        f"{_SHARED}pipeline/consumer.py",
        "            self._generation = -1\n\n    def _start_over",
        "\n    def _start_over",
        (
            "tests/unit/shared/test_consumer.py"
            "::test_a_consumer_reads_a_topic_made_anew_from_its_beginning",
        ),
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
        f"{_SHARED}pipeline/marks.py",
        "        return first == mark + 1",
        "        return first > mark",
        (f"{_PROJECTION}test_a_gap_holds_the_offset_of_the_projection_until_the_resend_closes_it",),
    ),
    Planted(
        "fold-applies-a-lower-number",
        "A number counted before is not counted again.",
        f"{_SHARED}pipeline/marks.py",
        "        return first == mark + 1",
        "        return first <= mark + 1",
        (f"{_PROJECTION}test_counters_equal_the_recount_for_today_and_every_past_day",),
    ),
    Planted(
        "offset-passes-a-gap",
        "While numbers are missing the stored offset stays before them, for the resend.",
        f"{_SHARED}pipeline/marks.py",
        "        if self.gap is None:\n            self.offset =",
        "        self.offset =",
        (f"{_PROJECTION}test_a_gap_holds_the_offset_of_the_projection_until_the_resend_closes_it",),
    ),
    Planted(
        "silence-unwatched",
        "Numbers that were given and do not come are missed, though no gap shows it.",
        f"{_SHARED}pipeline/marks.py",
        "given.get(place, {}), moment)",
        "{}, moment)",
        ("tests/unit/aggregator/test_worker.py",),
    ),
    Planted(
        "old-directory-trusted",
        "No admission rests on a unit directory that is older than its limit.",
        f"{_SHARED}register/directory.py",
        "return card if card and self.age_seconds() <= self._trusted_seconds else None",
        "return card",
        ("tests/integration/member/test_old_directory.py",),
    ),
    Planted(
        "lost-events-still-counted",
        "What a restored register never had is taken off the figures.",
        f"{_AGGREGATOR}intake/epochs.py",
        "store.write_delta(self.database, delta.taken_off(), session)\n                self._void",
        "self._void",
        ("tests/integration/aggregator/test_restore.py",),
    ),
    Planted(
        "void-numbers-applied",
        "What an earlier epoch sent beyond the start of a later one is not counted again.",
        f"{_SHARED}pipeline/marks.py",
        'return min(later, default=float("inf"))',
        'return max(float("inf"), *later)',
        ("tests/unit/shared/test_marks.py",),
    ),
    Planted(
        "dismissed-and-complete",
        "Figures without events that were dismissed are not called complete.",
        f"{_AGGREGATOR}figures/rules.py",
        '    reasons += [doubt("dismissed", source) for source in sorted(set(dismissed))]\n',
        "",
        ("tests/unit/aggregator/test_freshness.py",),
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

PLANTED = (
    *RELAY, *WORKER, *RECOUNT, *JOBS, *FIGURES, *WRITING, *RUNS, *ACCESS, *FENCES,
    *DOCUMENTS, *TABLES, *ROSTERS,
)  # fmt: skip

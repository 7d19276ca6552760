"""One register is restored from an older backup: after its epoch was raised, figures equal it again."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from aggregator.deadletters import service as deadletters
from aggregator.intake import documents, store
from shared.base.mongo import Database
from shared.contract.events import envelope
from shared.pipeline import epoch, outbox
from shared.pipeline.consumer import Superseded
from shared.pipeline.epoch import raise_epoch
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.lease import Fenced
from shared.pipeline.relay.tail import SourceBehindLog
from tests.integration.aggregator.restoring import OF_THE_REGISTER, Register, counting
from tests.integration.pipeline import PARTITIONS
from tests.servers import RealServers
from tests.waiting import until

MEMBER, ORG_UNITS = "/services/member", "/services/org-units"
EARLY = [f"e{number}" for number in range(30)]
LOST = [f"lost{number}" for number in range(20)]
LATER = [f"later{number}" for number in range(10)]


@pytest.mark.parametrize("source", [MEMBER, ORG_UNITS])
def test_figures_equal_the_recount_after_an_older_backup_and_a_raised_epoch(
    mongo: Database, kafka_log: KafkaLog, source: str
) -> None:
    register = Register(mongo, kafka_log, source)
    register.start_relay()
    register.write(EARLY)
    register.publish()
    with counting(register):
        register.assert_equal()
        backup = register.dump()
        for turn in (2, 3):  # the same backup again: the log knows the epoch that it does not
            register.write(LOST)
            register.write(EARLY[:12], "VOIDED", title="新")
            register.publish()
            register.assert_equal()
            register.restore(backup)
            with pytest.raises(SourceBehindLog):
                register.start_relay()
            raised = raise_epoch(mongo, kafka_log, source, PARTITIONS)
            assert raised.epoch == turn
            register.start_relay()
            register.write(LATER, title="后")
            register.write(EARLY[5:8], "VOIDED", title="后")
            register.publish()
            register.assert_equal()
            register.publish()
        if source == ORG_UNITS:
            assert cards_of(mongo) == {
                **dict.fromkeys(EARLY, (1, "ACTIVE", "名")),
                **dict.fromkeys(EARLY[5:8], (2, "VOIDED", "后")),
                **dict.fromkeys(LATER, (1, "ACTIVE", "后")),
            }
    # Whoever replays everything from the first offset comes to the same.
    for name in (documents.COUNTERS, documents.HISTORY, documents.MARKS, documents.UNITS):
        assert name not in OF_THE_REGISTER
        mongo[name].delete_many({})
    mongo[documents.WATERMARKS].delete_many({})
    with counting(register, "replay"):
        register.assert_equal()


def cards_of(mongo: Database) -> dict[str, tuple[int, str, str]]:
    """Return version, status and the first character of the name of each unit of the tree."""
    cards = mongo[documents.UNITS].find()
    return {one["_id"]: (one["version"], one["status"], one["name"][0]) for one in cards}


def test_a_replayed_dead_letter_that_was_never_sent_is_taken_off_again(
    mongo: Database, kafka_log: KafkaLog
) -> None:
    register = Register(mongo, kafka_log, MEMBER)
    register.start_relay()
    register.write(EARLY)
    register.publish()
    with counting(register):
        register.assert_equal()
        backup = register.dump()
        register.write(["poison", "dismissed"])
        rows = {}
        for row in mongo[outbox.COLLECTION].find({"state": outbox.WRITTEN}):
            rows[row["_id"]] = row["body"]
            spoilt = row["body"].replace(b'"changes"', b'"chances"')
            mongo[outbox.COLLECTION].update_one({"_id": row["_id"]}, {"$set": {"body": spoilt}})
        register.publish()
        letters = mongo[documents.DEAD_LETTERS]
        until(lambda: letters.count_documents({}) == 2, "both are set aside")
        first, second = letters.find().sort("_id")
        mended = first["raw"].replace(b'"chances"', b'"changes"')
        deadletters.replay(mongo, first["_id"], by="op", key=None, mended=mended)
        deadletters.dismiss(mongo, second["_id"], by="op", key=None, reason="a test record")
        report = register.compared()
        assert not report.equal
        assert [letter.id for letter in report.dismissed] == [second["_id"]]
        assert "dismissed:member" in report.incomplete_reasons
        register.restore(backup)
        raise_epoch(mongo, kafka_log, MEMBER, PARTITIONS)
        register.start_relay()
        register.publish()
        register.assert_equal()
        assert {one["state"] for one in letters.find()} == {documents.VOIDED}
        assert register.compared().dismissed == ()


def test_a_worker_killed_while_it_takes_lost_events_off_takes_each_off_once(
    mongo: Database, kafka_log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "MAX_EVENTS_PER_RECORD", 3)
    register = Register(mongo, kafka_log, MEMBER)
    register.start_relay()
    register.write(EARLY)
    register.publish()
    with counting(register):
        register.assert_equal()
    backup = register.dump()
    register.write(LOST)
    register.write(EARLY[:12], "VOIDED")
    register.publish()
    with counting(register):
        register.assert_equal()
    register.restore(backup)
    raise_epoch(mongo, kafka_log, MEMBER, PARTITIONS)
    register.start_relay()
    register.write(LATER)
    register.publish()
    cut = Cut(after=2)
    advance = store.advance
    with monkeypatch.context() as patch:
        patch.setattr("aggregator.intake.epochs.store.advance", cut.before(advance))
        with counting(register):
            until(lambda: cut.times > 6, "it was cut off again and again")
    with counting(register):
        register.assert_equal()


@dataclass
class Cut:
    """Cuts a transaction off: some that are let through, then one that is not, and so on."""

    after: int
    times: int = 0
    _through: int = 0

    def before(self, call: Callable[..., None]) -> Callable[..., None]:
        def cut(*arguments: Any) -> None:
            self._through += 1
            if self._through > self.after:
                self._through, self.times = 0, self.times + 1
                raise Superseded("cut off by the test")
            call(*arguments)

        return cut


def test_the_program_raises_the_epoch_of_its_source_and_fences_the_relay(
    mongo: Database,
    kafka_log: KafkaLog,
    servers: RealServers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    register = Register(mongo, kafka_log, MEMBER)
    relay = register.start_relay()
    register.write(EARLY)
    register.publish()
    environment = {
        "MONGO_URI": servers.mongo_uri, "MONGO_DATABASE": mongo.name,
        "KAFKA_BOOTSTRAP": servers.kafka_bootstrap, "KAFKA_PARTITIONS": str(PARTITIONS),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    monkeypatch.setattr(sys, "argv", ["epoch", "--source", "member"])
    epoch.main()
    assert capsys.readouterr().out.endswith("/services/member 2\n")
    with pytest.raises(Fenced):
        relay.lead()
    relay.resign()
    assert relay.lead()
    assert relay.epoch == 2
    register.write(LATER)
    register.publish()
    with counting(register):
        register.assert_equal()  # nothing was lost, and nothing is taken off

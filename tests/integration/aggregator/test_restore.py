"""One register is restored from an older backup: after its epoch was raised, figures equal it again."""

import pytest

from aggregator.deadletters import service as deadletters
from aggregator.intake import documents
from shared.base.mongo import Database
from shared.pipeline import outbox
from shared.pipeline.epoch import raise_epoch
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.relay.tail import SourceBehindLog
from tests.integration.aggregator.restoring import OF_THE_REGISTER, Register, counting
from tests.integration.pipeline import PARTITIONS
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

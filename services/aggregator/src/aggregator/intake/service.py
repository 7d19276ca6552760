"""What other nouns may use of intake: its feed, sums, a snapshot, and the adding of a delta."""

from aggregator.intake.feed import Feed
from aggregator.intake.store import cursors, snapshot, sums, write_delta

__all__ = ["Feed", "cursors", "snapshot", "sums", "write_delta"]

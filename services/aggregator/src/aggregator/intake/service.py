"""What other nouns may use of intake: its feed, sums, what is stored, the adding of a delta."""

from aggregator.intake.feed import Feed
from aggregator.intake.store import Snapshot, cursors, snapshot, sums, watermarks, write_delta

__all__ = ["Feed", "Snapshot", "cursors", "snapshot", "sums", "watermarks", "write_delta"]

"""An event log in memory, for unit tests; it passes the same contract suite as the broker.

It can be made to fail: refuse deliveries, lose its tail, and hand partitions from member to member.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.pipeline.eventlog import (
    Delivery,
    DeliveryFailed,
    GroupReader,
    Headers,
    LogUnavailable,
    Producer,
    Record,
    TopicPartition,
)


@dataclass(frozen=True)
class _MemoryDelivery:
    offset: int | None
    refused: bool = False

    def wait(self, timeout: float) -> int:
        if self.refused:
            raise DeliveryFailed("a record was refused", refused=True)
        if self.offset is None:
            raise DeliveryFailed(f"refused by the test within {timeout} s")
        return self.offset

    def done(self) -> bool:
        return True


@dataclass
class MemoryLog:
    """Topics with their partition counts, in one process."""

    partitions: dict[str, int]
    refuse: int = 0
    """How many of the next sends are refused without being written."""
    refused: dict[TopicPartition, bytes] = field(default_factory=dict)
    """Partitions that refuse records with such bytes in them, and then whatever its producer sends."""
    leaderless: set[TopicPartition] = field(default_factory=set)
    """Partitions that take no records and show nothing of themselves."""
    _records: dict[TopicPartition, list[Record]] = field(default_factory=dict)
    _groups: dict[str, list["_MemoryGroupReader"]] = field(default_factory=dict)
    _made: Counter[str] = field(default_factory=Counter)
    """How often each topic was created again."""

    def producer(self) -> Producer:
        return _MemoryProducer(self)

    def group(self, name: str, topics: Sequence[str]) -> GroupReader:
        reader = _MemoryGroupReader(self, name, list(topics))
        self._groups.setdefault(name, []).append(reader)
        self.rebalance(name)
        return reader

    def rebalance(self, name: str) -> None:
        """Deal the partitions out anew among a group's members."""
        members = self._groups.get(name, [])
        topics = members[0].topics if members else []
        places = [(topic, number) for topic in topics for number in range(self.partitions[topic])]
        for index, member in enumerate(members):
            member.owned = dict.fromkeys(places[index :: len(members)], 0)
            member.rebalanced += 1

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        if partition in self.leaderless:
            raise LogUnavailable(f"{partition} has no leader")
        return 0, len(self._of(partition))

    def read(self, partition: TopicPartition, start: int, end: int) -> Iterator[Record]:
        yield from self._of(partition)[start:end]

    def topic_ids(self, topics: Sequence[str]) -> Mapping[str, str]:
        return {topic: f"{topic}#{self._made[topic]}" for topic in topics}

    def partition_counts(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {topic: self.partitions[topic] for topic in topics}

    def shortfalls(self, topics: Sequence[str]) -> Sequence[str]:
        return [
            f"{place[0]}: memory refuses a record" for place in self.refused if place[0] in topics
        ]

    def lose_tail(self, partition: TopicPartition, count: int) -> None:
        """Forget the newest records, as a broker does that did not flush them."""
        del self._of(partition)[-count:]

    def make_anew(self, topic: str) -> None:
        """Delete a topic with its records and create it again."""
        self._made[topic] += 1
        for place in [place for place in self._records if place[0] == topic]:
            del self._records[place]

    def close(self) -> None:
        self._groups.clear()

    def _of(self, place: TopicPartition) -> list[Record]:
        if place[1] >= self.partitions[place[0]]:
            raise KeyError(place)
        return self._records.setdefault(place, [])


@dataclass
class _MemoryProducer:
    log: MemoryLog
    spoilt: bool = False

    def send(self, topic: str, partition: int, value: bytes, headers: Headers) -> Delivery:
        unwanted = self.log.refused.get((topic, partition))
        self.spoilt |= unwanted is not None and unwanted in value
        if self.spoilt:
            return _MemoryDelivery(None, refused=True)
        if (topic, partition) in self.log.leaderless:
            return _MemoryDelivery(None)
        if self.log.refuse > 0:
            self.log.refuse -= 1
            return _MemoryDelivery(None)
        records = self.log._of((topic, partition))
        records.append(Record(topic, partition, len(records), value, tuple(headers)))
        return _MemoryDelivery(len(records) - 1)

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class _MemoryGroupReader:
    log: MemoryLog
    name: str
    topics: list[str]
    owned: dict[TopicPartition, int] = field(default_factory=dict)
    rebalanced: int = 0

    def poll(self, timeout: float, limit: int) -> list[Record]:
        del timeout  # memory never has to be waited for
        found: list[Record] = []
        for place, position in sorted(self.owned.items()):
            start, end = self.log.bounds(place)
            if position > end:
                position = start
            taken = list(self.log.read(place, position, min(end, position + limit - len(found))))
            found += taken
            self.owned[place] = position + len(taken)
        return found

    def generation(self) -> int:
        return self.rebalanced

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self.owned)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.owned[partition] = offset

    def close(self) -> None:
        members = self.log._groups[self.name]
        members[:] = [member for member in members if member is not self]
        self.log.rebalance(self.name)

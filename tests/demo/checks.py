"""What must hold for what was read back. Plain functions over lists, so that checks_test.py can feed them what a broken
broker would answer."""
import collections
from collections.abc import Iterable
from typing import NamedTuple

from flights import Event


class Read(NamedTuple):
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int


class Produced(NamedTuple):
    acked: dict[int, tuple[int, int | None]]  # index of the event -> partition and offset; None: a duplicate, offset unknown
    failed: list[str]


Findings = dict[str, list[str]]  # what is checked -> each case in which it does not hold


def check_all(events: list[Event], produced: Produced, read: list[Read]) -> Findings:
    """Compares a reading from the beginning with what was produced and acknowledged."""
    index_of = {event.value: index for index, event in enumerate(events)}
    places = collections.defaultdict(list)  # index of the event -> where it was read
    findings: Findings = {
        "not acknowledged": list(produced.failed), "acknowledged and missing": [], "there twice": [], "not from the file": [],
        "with another key": [], "with another timestamp": [], "not where acknowledged": [], "out of their key's order": [],
        "keys with another count": [], "gaps in the offsets": []}
    for record in read:
        index = index_of.get(record.value)
        if index is None:
            findings["not from the file"].append(f"{where(record)}: {record.value!r:.80}")
            continue
        event = events[index]
        places[index].append((record.partition, record.offset))
        if record.key != event.key:
            findings["with another key"].append(f"{where(record)}: {record.key!r}, produced {event.key!r}")
        if record.timestamp != event.timestamp:
            findings["with another timestamp"].append(f"{where(record)}: {record.timestamp}, produced {event.timestamp}")
    for index, event in enumerate(events):
        if index not in produced.acked:
            findings["not acknowledged"].append(f"event {index}")
            continue
        if not places[index]:
            findings["acknowledged and missing"].append(f"event {index}, acknowledged at {produced.acked[index]}")
            continue
        if len(places[index]) > 1:
            findings["there twice"].append(f"event {index}: {places[index]}")
        partition, offset = produced.acked[index]
        if partition != places[index][0][0] or offset not in (None, places[index][0][1]):
            findings["not where acknowledged"].append(f"event {index}: {produced.acked[index]}, read at {places[index][0]}")
    findings["out of their key's order"] = order_per_key(events, read, index_of)
    findings["keys with another count"] = counts_per_key(events, read)
    findings["gaps in the offsets"] = gaps(read)
    return findings


def where(record: Read) -> str:
    return f"partition {record.partition} offset {record.offset}"


def order_per_key(events: list[Event], read: list[Read], index_of: dict[bytes, int]) -> list[str]:
    """A key has one partition, and there its events follow each other as they were produced."""
    bad, last = [], {}
    for record in sorted(read, key=lambda r: (r.partition, r.offset)):
        index = index_of.get(record.value)
        if record.key is None or index is None:
            continue
        partition, previous = last.get(record.key, (record.partition, -1))
        if partition != record.partition:
            bad.append(f"{where(record)}: key {record.key!r} is in partition {partition} too")
        elif index < previous:
            bad.append(f"{where(record)}: event {index} after {previous}, key {record.key!r}")
        last[record.key] = (record.partition, index)
    return bad


def counts_per_key(events: list[Event], read: list[Read]) -> list[str]:
    return differing_counts((event.key for event in events), (record.key for record in read))


def differing_counts(wanted_keys: Iterable, found_keys: Iterable) -> list[str]:
    wanted, found = collections.Counter(wanted_keys), collections.Counter(found_keys)
    return [f"key {key!r}: {found[key]} found, {wanted[key]} wanted"
            for key in wanted | found if wanted[key] != found[key]]


def differing_offsets(wanted: dict[int, int], found: dict[int, int]) -> list[str]:
    return [f"partition {p}: {found.get(p)}, must be {wanted.get(p)}"
            for p in sorted(wanted | found) if wanted.get(p) != found.get(p)]


def gaps(read: list[Read]) -> list[str]:
    """Without transactions and compaction the offsets of a partition are 0, 1, 2 and so on, and come in that order."""
    bad, following = [], collections.defaultdict(int)
    for record in read:
        if record.offset != following[record.partition]:
            bad.append(f"{where(record)} follows {following[record.partition] - 1}")
        following[record.partition] = record.offset + 1
    return bad


def first_at(read: list[Read], timestamp: int) -> dict[int, tuple[int, int] | None]:
    """What ListOffsets must answer: for each partition the first record, by offset, whose timestamp is not earlier."""
    first: dict[int, tuple[int, int] | None] = {}
    for record in sorted(read, key=lambda r: (r.partition, r.offset)):
        if first.setdefault(record.partition) is None and record.timestamp >= timestamp:
            first[record.partition] = (record.offset, record.timestamp)
    return first


def check_offsets_at(read: list[Read], timestamp: int, answered: dict[int, tuple[int, int] | None]) -> list[str]:
    wanted = first_at(read, timestamp)
    return [f"partition {p} at {timestamp}: {answered.get(p)}, must be {wanted.get(p)}"
            for p in sorted(wanted | answered) if wanted.get(p) != answered.get(p)]


def check_from(read: list[Read], timestamp: int, later: list[Read]) -> list[str]:
    """`later`, read from a point in time, must be what followed those offsets in the first reading, record by record."""
    first, bad = first_at(read, timestamp), []
    for partition in sorted(first):
        start = first[partition]
        wanted = [r for r in read if r.partition == partition and start and r.offset >= start[0]]
        found = [r for r in later if r.partition == partition]
        if wanted != found:
            bad.append(f"partition {partition}: {len(found)} records, must be {len(wanted)} from offset {start}")
    return bad

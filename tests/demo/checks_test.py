#!/usr/bin/env python3
"""Feeds the demo's checks what a broken broker would answer: each fault must be named, and nothing else."""
import unittest

import checks
from checks import Produced, Read
from flights import Event

EVENTS = [Event(b"N1" if i % 2 else b"N2", b"event %d" % i, 1000 * i) for i in range(8)] + [Event(None, b"last", 8000)]


def stored() -> list[Read]:
    """What an honest broker holds: a partition for each key."""
    ends, read = {}, []
    for event in EVENTS:
        partition = 0 if event.key == b"N1" else 1
        ends[partition] = ends.get(partition, -1) + 1
        read.append(Read(partition, ends[partition], event.key, event.value, event.timestamp))
    return read


def acknowledged() -> Produced:
    return Produced({i: (r.partition, r.offset) for i, r in enumerate(stored())}, [])


class ChecksTest(unittest.TestCase):
    def found(self, read: list[Read], produced: Produced | None = None) -> set[str]:
        return {what for what, cases in checks.check_all(EVENTS, produced or acknowledged(), read).items() if cases}

    def changed(self, index: int, **fields) -> set[str]:
        read = stored()
        read[index] = read[index]._replace(**fields)
        return self.found(read)

    def test_an_honest_broker_passes(self):
        self.assertEqual(self.found(stored()), set())

    def test_the_end_of_a_partition_is_lost(self):
        self.assertEqual(self.found(stored()[:-1]), {"acknowledged and missing", "keys with another count"})

    def test_an_event_is_stored_twice(self):
        twice = Read(0, 4, EVENTS[7].key, EVENTS[7].value, EVENTS[7].timestamp)
        self.assertEqual(self.found(stored() + [twice]), {"there twice", "keys with another count"})

    def test_something_else_is_stored(self):
        self.assertEqual(self.found(stored() + [Read(0, 4, None, b"noise", 0)]),
                         {"not from the file", "keys with another count"})

    def test_two_events_of_a_key_change_places(self):
        read = stored()
        read[1], read[3] = read[3]._replace(offset=0), read[1]._replace(offset=1)
        self.assertEqual(self.found(read), {"out of their key's order", "not where acknowledged"})

    def test_a_key_is_in_two_partitions(self):
        read = stored()
        read[7] = read[7]._replace(partition=2, offset=0)
        self.assertEqual(self.found(read), {"out of their key's order", "not where acknowledged"})

    def test_a_timestamp_a_key_or_a_value_changes(self):
        self.assertEqual(self.changed(2, timestamp=1), {"with another timestamp"})
        self.assertEqual(self.changed(8, key=b""), {"with another key", "keys with another count"})
        self.assertEqual(self.changed(7, value=b"event"), {"not from the file", "acknowledged and missing"})

    def test_an_offset_is_skipped(self):
        self.assertEqual(self.changed(8, offset=9), {"gaps in the offsets", "not where acknowledged"})

    def test_an_event_is_never_answered(self):
        produced = acknowledged()
        del produced.acked[3]
        self.assertEqual(self.found(stored(), produced), {"not acknowledged"})

    def test_a_duplicate_without_an_offset_counts_as_acknowledged(self):
        produced = acknowledged()
        produced.acked[3] = (0, None)
        self.assertEqual(self.found(stored(), produced), set())

    def test_a_time_is_found_where_the_first_record_not_before_it_lies(self):
        self.assertEqual(checks.first_at(stored(), 2001), {0: (1, 3000), 1: (2, 4000)})
        self.assertEqual(checks.first_at(stored(), 8000), {0: None, 1: (4, 8000)})
        self.assertEqual(checks.check_offsets_at(stored(), 8000, {0: None, 1: (4, 8000)}), [])
        self.assertEqual(len(checks.check_offsets_at(stored(), 8000, {0: (3, 7000), 1: (4, 8000)})), 1)

    def test_time_that_runs_back_hides_nothing(self):
        read = stored()
        read[3] = read[3]._replace(timestamp=9000)
        self.assertEqual(checks.first_at(read, 8500), {0: (1, 9000), 1: None})

    def test_a_group_that_counts_or_commits_wrongly(self):
        keys = [record.key for record in stored()]
        self.assertEqual(checks.differing_counts(keys, reversed(keys)), [])
        self.assertEqual(len(checks.differing_counts(keys, keys[1:])), 1)
        self.assertEqual(len(checks.differing_counts(keys, [*keys, b"N3"])), 1)
        self.assertEqual(checks.differing_offsets({0: 4, 1: 5}, {1: 5, 0: 4}), [])
        self.assertEqual(len(checks.differing_offsets({0: 4, 1: 5}, {0: 4, 1: 4})), 1)
        self.assertEqual(len(checks.differing_offsets({0: 4}, {})), 1)

    def test_reading_from_a_time_starts_and_ends_exactly(self):
        later = [r for r in stored() if r.timestamp >= 2001]
        self.assertEqual(checks.check_from(stored(), 2001, later), [])
        self.assertEqual(len(checks.check_from(stored(), 2001, later[1:])), 1)
        self.assertEqual(len(checks.check_from(stored(), 2001, stored()[2:])), 1)


if __name__ == "__main__":
    unittest.main()

"""Reads the batches of a .log file as they lie on disk. Source: Kafka's message format v2.

Only headers: what is inside a batch and its checksum is for the clients to verify.
"""

import collections
import struct

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
_HEADER = struct.Struct(">qiibIhiqqqhii")

Batch = collections.namedtuple("Batch", "base_offset last_offset codec log_append_time transactional control "
                                        "max_timestamp producer_id producer_epoch base_sequence records")


def batches(directory):
    """All batches of a partition's segments, in order."""
    return [batch for path in sorted(directory.glob("*.log")) for batch, _ in _scan(path)]


def is_cut(path):
    """Whether a segment's file ends with its last batch: nothing is preallocated behind it any more."""
    end = 0
    for _, end in _scan(path):
        pass
    return end == path.stat().st_size


def _scan(path):
    """Each batch of a file and where it ends. A zero size ends the segment: there the preallocated part begins."""
    data = path.read_bytes()
    at = 0
    while at + _HEADER.size <= len(data):
        (base, size, _epoch, magic, _crc, attributes, last_delta, _first_time, max_time, producer, producer_epoch,
         sequence, count) = _HEADER.unpack_from(data, at)
        if size == 0:
            break
        if magic != 2 or at + 12 + size > len(data):
            raise ValueError(f"{path} at {at}: magic {magic}, size {size} of {len(data) - at}")
        at += 12 + size
        yield Batch(base, base + last_delta, CODECS[attributes & 7], bool(attributes & 8), bool(attributes & 16),
                    bool(attributes & 32), max_time, producer, producer_epoch, sequence, count), at


def summary(directory):
    """What must not depend on how a client happened to cut its records into batches, for a partition that one
    producer wrote."""
    found = batches(directory)
    numbered = [batch for batch in found if batch.producer_id >= 0]
    following = all(after.base_sequence == before.base_sequence + before.records and
                    after.producer_id == before.producer_id for before, after in zip(numbered, numbered[1:]))
    return {
        "codecs": sorted({batch.codec for batch in found}),
        "records": sum(batch.records for batch in found),
        "gapless": all(after.base_offset == before.last_offset + 1 for before, after in zip(found, found[1:])),
        "max timestamp": max((batch.max_timestamp for batch in found), default=None),
        "log append time": any(batch.log_append_time for batch in found),
        "idempotent": bool(numbered) and len(numbered) == len(found) and following,
    }

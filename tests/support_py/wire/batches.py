"""Record batches, version 2, written and read by hand. Source: Kafka's description of its record format."""

import gzip
import struct

from .forms import Reader, varint

GZIP = 1
_HEADER_SIZE = 61


def _crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _record(value, index, delay):
    body = b"\0" + varint(delay) + varint(index) + varint(-1) + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(values, timestamp=1, producer_id=-1, epoch=-1, sequence=-1, *, codec=0, step=0):
    """One record for each value, without keys and headers, `step` ms after one another."""
    records = b"".join(_record(value, index, index * step) for index, value in enumerate(values))
    if codec == GZIP:
        records = gzip.compress(records)
    last = len(values) - 1
    covered = struct.pack(">hiqqqhii", codec, last, timestamp, timestamp + last * step, producer_id, epoch, sequence,
                          len(values)) + records
    return struct.pack(">qiibI", 0, 9 + len(covered), -1, 2, crc32c(covered)) + covered


def values_of(data):
    """(offset, value) of every record in whole uncompressed batches; a cut one at the end is left out."""
    found, at = [], 0
    while at + _HEADER_SIZE <= len(data):
        base, length = struct.unpack_from(">qi", data, at)
        if at + 12 + length > len(data):
            break
        (count,) = struct.unpack_from(">i", data, at + _HEADER_SIZE - 4)
        reader = Reader(data[at + _HEADER_SIZE:at + 12 + length])
        found += [(base + index, _value(reader)) for index in range(count)]
        at += 12 + length
    return found


def _value(reader):
    record = Reader(reader.take(reader.varint()))
    record.skip(1)
    record.varint(), record.varint()  # Its time and offset in the batch.
    record.skip(max(record.varint(), 0))
    return record.take(record.varint())
